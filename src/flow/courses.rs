//! The flows that are defined, and how many runs of each are under way.

use std::collections::VecDeque;
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::definition::Concurrency;
use super::plan::Plan;

/// A flow that is defined, or has runs that have not ended.
#[derive(Debug, Clone)]
pub(super) struct Course {
    pub(super) id: Arc<str>,
    /// What it is now; `None` where it is not defined any more.
    pub(super) plan: Option<Arc<Plan>>,
    /// What that says.
    concurrency: Option<Concurrency>,
    pub(super) running: usize,
    pub(super) waiting: VecDeque<u64>,
    is_full: bool,
}

impl Course {
    /// How many runs may be under way at once, where the flow is defined.
    pub(super) fn most(&self) -> Option<usize> {
        self.plan.as_ref().map(|_| most(self.concurrency))
    }

    /// Whether as many runs wait as may.
    pub(super) fn is_full(&self) -> bool {
        self.is_full
    }

    fn is_over(&self) -> bool {
        self.concurrency.is_some_and(|concurrency| {
            self.running >= concurrency.runs() as usize
                && self.waiting.len() >= concurrency.waiting() as usize
        })
    }
}

/// How many runs may be under way at once.
pub(super) fn most(concurrency: Option<Concurrency>) -> usize {
    concurrency.map_or(usize::MAX, |concurrency| concurrency.runs() as usize)
}

/// All of them, by number; a number is given again once nothing is of it any more.
#[derive(Debug, Clone, Default)]
pub(super) struct Courses {
    all: Vec<Option<Course>>,
    free: Vec<usize>,
    /// Looked up alone: its order, drawn anew by every process, is never seen.
    by_id: HashMap<Arc<str>, usize, RandomState>,
    full: usize,
}

impl Courses {
    pub(super) fn number(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    pub(super) fn get(&self, number: usize) -> Option<&Course> {
        self.all.get(number)?.as_ref()
    }

    pub(super) fn of(&self, id: &str) -> Option<&Course> {
        self.get(self.number(id)?)
    }

    /// What a flow is now, where it is defined.
    pub(super) fn plan(&self, id: &str) -> Option<&Arc<Plan>> {
        self.of(id)?.plan.as_ref()
    }

    /// The flows that are defined, in the order of their ids.
    pub(super) fn plans(&self) -> impl Iterator<Item = &Arc<Plan>> {
        let mut plans: Vec<_> = self.all.iter().flatten().filter_map(|course| course.plan.as_ref()).collect();
        plans.sort_unstable_by(|one, other| one.id.cmp(&other.id));
        plans.into_iter()
    }

    /// Whether any flow has as many runs waiting as may.
    pub(super) fn any_is_full(&self) -> bool {
        self.full > 0
    }

    /// Defines a flow, in place of the one with its id.
    pub(super) fn define(&mut self, plan: Arc<Plan>) -> usize {
        let number = self.number_for(&plan.id);
        self.change(number, |course| {
            course.concurrency = plan.flow.concurrency;
            course.plan = Some(plan);
        });
        number
    }

    /// Takes a flow out; whether it was defined.
    pub(super) fn remove(&mut self, id: &str) -> bool {
        let Some(number) = self.number(id) else { return false };
        let mut was_defined = false;
        self.change(number, |course| {
            was_defined = course.plan.take().is_some();
            course.concurrency = None;
        });
        self.release(number);
        was_defined
    }

    /// The number of a flow, which need not be defined.
    pub(super) fn number_for(&mut self, id: &Arc<str>) -> usize {
        if let Some(number) = self.number(id) {
            return number;
        }
        let number = self.free.pop().unwrap_or_else(|| {
            self.all.push(None);
            self.all.len() - 1
        });
        self.by_id.insert(id.clone(), number);
        self.all[number] = Some(Course {
            id: id.clone(),
            plan: None,
            concurrency: None,
            running: 0,
            waiting: VecDeque::new(),
            is_full: false,
        });
        number
    }

    /// Changes what is known of a flow.
    pub(super) fn change(&mut self, number: usize, change: impl FnOnce(&mut Course)) {
        let Some(course) = self.all.get_mut(number).and_then(Option::as_mut) else { return };
        change(course);
        let (was, is) = (course.is_full, course.is_over());
        course.is_full = is;
        self.full = self.full + usize::from(is) - usize::from(was);
    }

    /// Forgets a flow that is not defined any more and has no runs.
    pub(super) fn release(&mut self, number: usize) {
        let is_over =
            |course: &Course| course.plan.is_none() && course.running == 0 && course.waiting.is_empty();
        let Some(course) = self.get(number).filter(|course| is_over(course)) else { return };
        self.by_id.remove(&*course.id.clone());
        self.all[number] = None;
        self.free.push(number);
    }

    /// The same flows, as if none had any run.
    pub(super) fn without_runs(&self) -> Self {
        let mut courses = Self::default();
        for plan in self.plans() {
            courses.define(plan.clone());
        }
        courses
    }
}
