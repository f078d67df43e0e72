//! One renewal for all that ask for it at the same time, whatever runtime they run on.

use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::super::ActionError;

/// A value that is renewed now and then, by one at a time.
///
/// Who finds the value bad says which generation it was. The first becomes the
/// leader and makes the next one; the others wait for it, and share its failure
/// too. Whoever comes late finds a newer generation and makes nothing. If the
/// leader is dropped half-way, one of those who wait takes over.
pub(super) struct Flight<T> {
    state: Mutex<State<T>>,
}

struct State<T> {
    /// Counts the values.
    generation: u64,
    value: Option<T>,
    is_flying: bool,
    /// Counts the flights that have landed, well or not.
    landed: u64,
    /// Of the last flight, if it failed.
    failure: Option<ActionError>,
    waiting: Vec<(u64, Waker)>,
    tickets: u64,
}

impl<T: Clone> Flight<T> {
    pub(super) fn new(value: Option<T>) -> Self {
        Self {
            state: Mutex::new(State {
                generation: 0,
                value,
                is_flying: false,
                landed: 0,
                failure: None,
                waiting: Vec::new(),
                tickets: 0,
            }),
        }
    }

    /// The value, if there is one yet, and its generation.
    pub(super) fn current(&self) -> (u64, Option<T>) {
        let state = self.lock();
        (state.generation, state.value.clone())
    }

    /// Sees to it that there is a newer value than that of the generation `seen`.
    pub(super) async fn renew<F>(&self, seen: u64, make: impl FnOnce() -> F) -> Result<(), ActionError>
    where
        F: Future<Output = Result<T, ActionError>>,
    {
        match (Wait { flight: self, seen, joined: None, ticket: None }).await {
            Turn::Landed(result) => result,
            Turn::Lead(lead) => lead.land(make().await),
        }
    }
}

impl<T> Flight<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // Nothing in here panics with the state half-changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state and wakes all, outside the lock: a waker may do anything.
    fn end(&self, change: impl FnOnce(&mut State<T>)) {
        let mut state = self.lock();
        change(&mut state);
        state.is_flying = false;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        for (_, waker) in waiting {
            waker.wake();
        }
    }
}

enum Turn<'a, T> {
    Lead(Lead<'a, T>),
    Landed(Result<(), ActionError>),
}

/// Whoever makes the next value.
struct Lead<'a, T> {
    flight: &'a Flight<T>,
    has_landed: bool,
}

impl<T> Lead<'_, T> {
    fn land(mut self, made: Result<T, ActionError>) -> Result<(), ActionError> {
        self.has_landed = true;
        let result = made.as_ref().map(|_| ()).map_err(ActionError::clone);
        self.flight.end(|state| {
            state.landed += 1;
            match made {
                Ok(value) => {
                    state.generation += 1;
                    state.value = Some(value);
                    state.failure = None;
                }
                Err(error) => state.failure = Some(error),
            }
        });
        result
    }
}

impl<T> Drop for Lead<'_, T> {
    fn drop(&mut self) {
        if !self.has_landed {
            self.flight.end(|_| {});
        }
    }
}

struct Wait<'a, T> {
    flight: &'a Flight<T>,
    seen: u64,
    /// How many flights had landed when the one that is waited for was found.
    joined: Option<u64>,
    ticket: Option<u64>,
}

impl<'a, T> Future for Wait<'a, T> {
    type Output = Turn<'a, T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Turn<'a, T>> {
        let flight = self.flight;
        let mut state = flight.lock();
        if state.generation != self.seen {
            return Poll::Ready(Turn::Landed(Ok(())));
        }
        if let Some(error) =
            state.failure.as_ref().filter(|_| self.joined.is_some_and(|joined| joined != state.landed))
        {
            return Poll::Ready(Turn::Landed(Err(error.clone())));
        }
        if !state.is_flying {
            state.is_flying = true;
            return Poll::Ready(Turn::Lead(Lead { flight, has_landed: false }));
        }
        self.joined.get_or_insert(state.landed);
        let ticket = *self.ticket.get_or_insert_with(|| {
            state.tickets += 1;
            state.tickets
        });
        match state.waiting.iter_mut().find(|(other, _)| *other == ticket) {
            Some((_, waker)) => waker.clone_from(context.waker()),
            None => state.waiting.push((ticket, context.waker().clone())),
        }
        Poll::Pending
    }
}

impl<T> Drop for Wait<'_, T> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.flight.lock().waiting.retain(|(other, _)| *other != ticket);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use proptest::prelude::{Just, Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn poll<F: Future + Unpin>(future: &mut F, count: &Arc<Count>) -> Poll<F::Output> {
        Pin::new(future).poll(&mut Context::from_waker(&Waker::from(Arc::clone(count))))
    }

    /// Gives `result` at the second poll.
    fn slowly<T>(result: Result<T, ActionError>) -> impl Future<Output = Result<T, ActionError>> {
        let mut result = Some(result);
        let mut is_first = true;
        std::future::poll_fn(move |_| match std::mem::take(&mut is_first) {
            true => Poll::Pending,
            false => Poll::Ready(result.take().unwrap()),
        })
    }

    #[test]
    fn all_that_wait_share_one_renewal() {
        let (flight, made, woken) = (Flight::new(Some(1)), Cell::new(0), Arc::new(Count::default()));
        let renew = || {
            flight.renew(0, || {
                made.set(made.get() + 1);
                slowly(Ok(2))
            })
        };
        let mut all: Vec<_> = (0..5).map(|_| Box::pin(renew())).collect();
        assert!(all.iter_mut().all(|one| poll(one, &woken).is_pending()));
        assert!(all.iter_mut().skip(1).all(|one| poll(one, &woken).is_pending()));
        assert_eq!((made.get(), flight.lock().waiting.len()), (1, 4));
        assert!(all.iter_mut().all(|one| matches!(poll(one, &woken), Poll::Ready(Ok(())))));
        assert_eq!((made.get(), woken.0.load(Ordering::Relaxed), flight.current()), (1, 4, (1, Some(2))));
        let mut late = pin!(renew());
        assert!(poll(&mut late, &woken).is_ready() && made.get() == 1, "it saw the value before");
    }

    #[test]
    fn a_failure_is_shared_and_the_next_one_tries_again() {
        let (flight, made, woken) = (Flight::new(Some(1)), Cell::new(0), Arc::new(Count::default()));
        let renew = |result| {
            flight.renew(0, || {
                made.set(made.get() + 1);
                slowly(result)
            })
        };
        let failure = || Err(ActionError::transient("no"));
        let (mut one, mut two) = (pin!(renew(failure())), pin!(renew(failure())));
        assert!(poll(&mut one, &woken).is_pending() && poll(&mut two, &woken).is_pending());
        assert!(matches!(poll(&mut one, &woken), Poll::Ready(Err(_))));
        assert!(matches!(poll(&mut two, &woken), Poll::Ready(Err(_))));
        assert_eq!((made.get(), flight.current()), (1, (0, Some(1))));
        let mut next = pin!(renew(Ok(2)));
        assert!(poll(&mut next, &woken).is_pending());
        assert!(matches!(poll(&mut next, &woken), Poll::Ready(Ok(()))));
        assert_eq!((made.get(), flight.current()), (2, (1, Some(2))));
    }

    #[test]
    fn if_the_leader_is_dropped_another_takes_over() {
        let (flight, woken) = (Flight::new(None), Arc::new(Count::default()));
        let mut leader = Box::pin(flight.renew(0, std::future::pending::<Result<u8, ActionError>>));
        let mut dropped = Box::pin(flight.renew(0, std::future::pending));
        let mut next = pin!(flight.renew(0, || slowly(Ok(7))));
        assert!(poll(&mut leader, &woken).is_pending() && poll(&mut dropped, &woken).is_pending());
        assert!(poll(&mut next, &woken).is_pending());
        drop(dropped);
        assert_eq!(flight.lock().waiting.len(), 1, "who is dropped waits no more");
        drop(leader);
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
        assert!(poll(&mut next, &woken).is_pending());
        assert!(matches!(poll(&mut next, &woken), Poll::Ready(Ok(()))));
        assert_eq!(flight.current(), (1, Some(7)));
    }

    #[test]
    fn threads_that_see_the_same_value_make_one() {
        let (flight, made) = (Flight::new(Some(0)), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    super::super::super::testing::block_on(flight.renew(0, || {
                        made.fetch_add(1, Ordering::Relaxed);
                        slowly(Ok(1))
                    }))
                });
            }
        });
        assert_eq!((made.load(Ordering::Relaxed), flight.current()), (1, (1, Some(1))));
    }

    #[derive(Debug, Clone)]
    enum Step {
        Start(bool),
        Poll(prop::sample::Index),
        Drop(prop::sample::Index),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            any::<bool>().prop_map(Step::Start),
            any::<prop::sample::Index>().prop_map(Step::Poll),
            any::<prop::sample::Index>().prop_map(Step::Poll),
            any::<prop::sample::Index>().prop_map(Step::Drop),
        ];
        prop::collection::vec(step, 0..60).prop_flat_map(Just)
    }

    proptest! {
        /// Whatever is started, polled and dropped, in whatever order: there is
        /// one leader at most, and polling whoever is left to the end ends them all.
        #[test]
        fn nobody_is_left_waiting_and_nobody_flies_beside_another(steps in steps()) {
            let (flight, flying) = (Flight::new(Some(0_u64)), Cell::new(0));
            let woken = Arc::new(Count::default());
            struct Flying<'a>(&'a Cell<u32>);
            impl Drop for Flying<'_> {
                fn drop(&mut self) {
                    self.0.set(self.0.get() - 1);
                }
            }
            let start = |is_good: bool| {
                let (flight, flying) = (&flight, &flying);
                let (seen, _) = flight.current();
                Box::pin(flight.renew(seen, move || {
                    flying.set(flying.get() + 1);
                    let guard = Flying(flying);
                    async move {
                        let _guard = guard;
                        slowly(if is_good { Ok(seen + 1) } else { Err(ActionError::transient("no")) }).await
                    }
                }))
            };
            let mut all = Vec::new();
            for step in steps {
                match step {
                    Step::Start(is_good) => all.push(start(is_good)),
                    Step::Poll(at) if !all.is_empty() => {
                        let at = at.index(all.len());
                        if poll(&mut all[at], &woken).is_ready() {
                            drop(all.swap_remove(at));
                        }
                    }
                    Step::Drop(at) if !all.is_empty() => drop(all.swap_remove(at.index(all.len()))),
                    _ => {}
                }
                prop_assert!(flying.get() <= 1);
            }
            let most = 3 * (all.len() + 1);
            for _ in 0..most {
                all.retain_mut(|one| poll(one, &woken).is_pending());
            }
            prop_assert_eq!((all.len(), flying.get(), flight.lock().waiting.len()), (0, 0, 0));
        }
    }
}
