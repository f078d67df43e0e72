//! Many futures polled as one: only those that were woken.

use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// Futures with a key each. It costs nothing to have many that wait.
pub(super) struct Tasks<'a, K, T> {
    tasks: BTreeMap<u64, Task<'a, K, T>>,
    next: u64,
    woken: Arc<Woken>,
}

struct Task<'a, K, T> {
    key: K,
    future: Pin<Box<dyn Future<Output = T> + Send + 'a>>,
    waker: Waker,
    is_woken: Arc<AtomicBool>,
}

/// The future has panicked, and is no more.
#[derive(Debug)]
pub(super) struct Panicked;

/// Which tasks are to be polled, and whom to tell.
#[derive(Default)]
struct Woken {
    state: Mutex<(VecDeque<u64>, Option<Waker>)>,
}

struct TaskWaker {
    number: u64,
    /// Whether it stands among those to be polled already.
    is_woken: Arc<AtomicBool>,
    woken: Arc<Woken>,
}

impl<'a, K, T> Tasks<'a, K, T> {
    pub(super) fn new() -> Self {
        Self { tasks: BTreeMap::new(), next: 0, woken: Arc::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.tasks.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    pub(super) fn push(&mut self, key: K, future: impl Future<Output = T> + Send + 'a) {
        let number = self.next;
        self.next += 1;
        let is_woken = Arc::new(AtomicBool::new(true));
        let waker = TaskWaker { number, is_woken: is_woken.clone(), woken: self.woken.clone() };
        let waker = Waker::from(Arc::new(waker));
        self.tasks.insert(number, Task { key, future: Box::pin(future), waker, is_woken });
        self.woken.push(number);
    }

    /// Drops those whose key is not wanted any more.
    pub(super) fn retain(&mut self, mut is_wanted: impl FnMut(&K) -> bool) {
        self.tasks.retain(|_, task| is_wanted(&task.key));
    }

    /// The next one that ends.
    pub(super) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<(K, Result<T, Panicked>)> {
        self.woken.tell(context.waker());
        // No more than were woken by now, lest one that wakes itself keeps the rest out.
        for _ in 0..self.woken.len() {
            let Some(number) = self.woken.pop() else { break };
            let Some(task) = self.tasks.get_mut(&number) else { continue };
            // Before it is polled: what wakes it from here on means another poll.
            task.is_woken.store(false, Ordering::Release);
            let mut own = Context::from_waker(&task.waker);
            // What has panicked is dropped and never looked at again.
            let polled = catch_unwind(AssertUnwindSafe(|| task.future.as_mut().poll(&mut own)));
            let result = match polled {
                Ok(Poll::Pending) => continue,
                Ok(Poll::Ready(output)) => Ok(output),
                Err(_) => Err(Panicked),
            };
            if let Some(task) = self.tasks.remove(&number) {
                return Poll::Ready((task.key, result));
            }
        }
        if self.woken.len() > 0 {
            context.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

impl Woken {
    fn push(&self, number: u64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.0.push_back(number);
        let waker = state.1.clone();
        drop(state);
        // Outside the lock: a waker may do anything.
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn pop(&self) -> Option<u64> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).0.pop_front()
    }

    fn len(&self) -> usize {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).0.len()
    }

    fn tell(&self, waker: &Waker) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.1.as_ref().is_some_and(|own| own.will_wake(waker)) {
            state.1 = Some(waker.clone());
        }
    }
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.is_woken.swap(true, Ordering::AcqRel) {
            self.woken.push(self.number);
        }
    }
}
