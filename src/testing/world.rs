//! A world with its own time: timers, futures and choices without a clock, a thread or a sleep.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use chrono::{DateTime, Utc};

/// Polls without a step of time after which nobody will ever be done.
const MAX_POLLS: usize = 100_000;

/// Where time begins: 2026-03-01T02:00:00Z.
const BEGINNING: i64 = 1_772_330_400;

/// Time, timers and futures in a world of its own, for tests that are the same every time.
///
/// Time stands still while anything can run. When nothing can, it jumps to the
/// next timer. So a test of an hour takes no time, and nothing in it depends
/// on the machine. Which of several ready futures goes first, and whatever
/// [`random`](Self::random) is asked for, comes from the seed: one seed, one
/// schedule. A clone is the same world.
///
/// ```
/// use std::time::Duration;
/// use tripline::testing::World;
///
/// let world = World::new(7);
/// let began = world.now();
/// let answer = world.block_on(async {
///     world.sleep(Duration::from_secs(3_600)).await;
///     42
/// });
/// assert_eq!((answer, world.now() - began), (42, chrono::TimeDelta::hours(1)));
/// ```
#[derive(Clone)]
pub struct World {
    state: Arc<Mutex<State>>,
}

struct State {
    seed: u64,
    drawn: u64,
    now: DateTime<Utc>,
    timers: BTreeMap<(DateTime<Utc>, u64), Waker>,
    next_timer: u64,
    spawned: Vec<Task>,
}

struct Task {
    flag: Arc<Flag>,
    future: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl World {
    /// A world that begins on 2026-03-01 at 02:00 UTC.
    ///
    /// ```
    /// # use tripline::testing::World;
    /// assert_eq!(World::new(7).now().to_rfc3339(), "2026-03-01T02:00:00+00:00");
    /// ```
    pub fn new(seed: u64) -> Self {
        Self::beginning_at(seed, DateTime::from_timestamp(BEGINNING, 0).unwrap_or_default())
    }

    /// A world that begins at another time.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::testing::World;
    /// assert_eq!(World::beginning_at(7, DateTime::UNIX_EPOCH).now(), DateTime::UNIX_EPOCH);
    /// ```
    pub fn beginning_at(seed: u64, now: DateTime<Utc>) -> Self {
        let (timers, spawned) = (BTreeMap::new(), Vec::new());
        Self { state: Arc::new(Mutex::new(State { seed, drawn: seed, now, timers, next_timer: 0, spawned })) }
    }

    /// The seed: a test that fails says it, so that it can be run again.
    ///
    /// ```
    /// # use tripline::testing::World;
    /// assert_eq!(World::new(7).seed(), 7);
    /// ```
    pub fn seed(&self) -> u64 {
        self.lock().seed
    }

    /// The time in this world.
    ///
    /// ```
    /// # use tripline::testing::World;
    /// let world = World::new(7);
    /// assert_eq!(world.now(), world.clone().now());
    /// ```
    pub fn now(&self) -> DateTime<Utc> {
        self.lock().now
    }

    /// Moves time on by hand, for machines that have no futures; timers that
    /// are due by then are woken. It never goes back.
    ///
    /// ```
    /// # use chrono::TimeDelta;
    /// # use tripline::testing::World;
    /// let world = World::new(7);
    /// let then = world.now() + TimeDelta::minutes(5);
    /// world.advance_to(then);
    /// world.advance_to(then - TimeDelta::minutes(1));
    /// assert_eq!(world.now(), then);
    /// ```
    pub fn advance_to(&self, then: DateTime<Utc>) {
        let due = {
            let mut state = self.lock();
            state.now = state.now.max(then);
            let now = state.now;
            let later = state.timers.split_off(&(now, u64::MAX));
            std::mem::replace(&mut state.timers, later)
        };
        // Woken outside the lock: a waker may be anybody's code.
        due.into_values().for_each(Waker::wake);
    }

    /// When the next timer is due.
    ///
    /// ```
    /// # use tripline::testing::World;
    /// assert_eq!(World::new(7).next_timer(), None);
    /// ```
    pub fn next_timer(&self) -> Option<DateTime<Utc>> {
        self.lock().timers.keys().next().map(|(at, _)| *at)
    }

    /// A number drawn from the seed: the next of SplitMix64 (Steele, Lea and
    /// Flood, "Fast splittable pseudorandom number generators", 2014).
    ///
    /// ```
    /// # use tripline::testing::World;
    /// assert_eq!(World::new(1234567).random(), 6457827717110365317);
    /// ```
    pub fn random(&self) -> u64 {
        let mut state = self.lock();
        state.drawn = state.drawn.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = state.drawn;
        let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound` drawn from the seed; 0 where `bound` is 0.
    ///
    /// ```
    /// # use tripline::testing::World;
    /// assert!((0..100).map(|_| World::new(7).below(6)).all(|face| face < 6));
    /// ```
    pub fn below(&self, bound: u64) -> u64 {
        // The remainder leans towards small numbers by less than bound / 2^64.
        self.random().checked_rem(bound).unwrap_or_default()
    }

    /// A future that is ready after so long.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tripline::testing::World;
    /// let world = World::new(7);
    /// world.block_on(world.sleep(Duration::from_secs(5)));
    /// ```
    pub fn sleep(&self, time: Duration) -> Sleep {
        self.sleep_until(self.now().checked_add_signed(delta(time)).unwrap_or(DateTime::<Utc>::MAX_UTC))
    }

    /// A future that is ready at a time; at once where it has passed.
    ///
    /// ```
    /// # use tripline::testing::World;
    /// let world = World::new(7);
    /// world.block_on(world.sleep_until(world.now()));
    /// ```
    pub fn sleep_until(&self, at: DateTime<Utc>) -> Sleep {
        Sleep { world: self.clone(), at, timer: None }
    }

    /// What a future gives, or `None` if it is not ready after so long; it is dropped then.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tripline::testing::World;
    /// let world = World::new(7);
    /// let late = world.within(Duration::from_secs(1), world.sleep(Duration::from_secs(5)));
    /// assert_eq!(world.block_on(late), None);
    /// ```
    pub async fn within<F: Future>(&self, time: Duration, future: F) -> Option<F::Output> {
        let (mut future, mut over) = (pin!(future), pin!(self.sleep(time)));
        std::future::poll_fn(|context| {
            if let Poll::Ready(output) = future.as_mut().poll(context) {
                return Poll::Ready(Some(output));
            }
            over.as_mut().poll(context).map(|()| None)
        })
        .await
    }

    /// Runs a future beside the one that is blocked on, as a task of a runtime
    /// would. It moves on while [`block_on`](Self::block_on) or
    /// [`run`](Self::run) does, and stays where it is between them.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tripline::testing::World;
    /// use std::sync::mpsc::channel;
    ///
    /// let (world, (told, heard)) = (World::new(7), channel());
    /// let sleep = world.sleep(Duration::from_secs(2));
    /// world.spawn(async move {
    ///     sleep.await;
    ///     let _ = told.send("two seconds have passed");
    /// });
    /// world.block_on(world.sleep(Duration::from_secs(3)));
    /// assert_eq!(heard.try_recv(), Ok("two seconds have passed"));
    /// ```
    pub fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        self.lock().spawned.push(Task { flag: Flag::ready(), future: Box::pin(future) });
    }

    /// Runs a future to its end.
    ///
    /// # Panics
    ///
    /// If it never ends, as [`run`](Self::run) tells it.
    ///
    /// ```
    /// # use tripline::testing::World;
    /// assert_eq!(World::new(7).block_on(async { 42 }), 42);
    /// ```
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        match self.run(future) {
            Ok(output) => output,
            Err(stalled) => panic!("{stalled} (seed {})", self.seed()),
        }
    }

    /// Runs a future to its end, and the spawned ones beside it: all that is
    /// ready first, in an order of the seed's, then on to the next timer.
    ///
    /// # Errors
    ///
    /// [`Stalled`], if it waits for something that never comes, or wakes itself
    /// over and over while time stands still.
    ///
    /// ```
    /// # use tripline::testing::World;
    /// let error = World::new(7).run(std::future::pending::<()>()).unwrap_err();
    /// assert_eq!(error.to_string(), "at 2026-03-01T02:00:00Z nothing is ready and no timer is set");
    /// ```
    pub fn run<F: Future>(&self, future: F) -> Result<F::Output, Stalled> {
        let (mut future, main) = (pin!(future), Flag::ready());
        let mut polls = 0;
        loop {
            let spawned = self.lock().spawned.iter().filter(|task| task.flag.is_ready()).count() as u64;
            let ready = spawned + u64::from(main.is_ready());
            if ready == 0 {
                let Some(next) = self.next_timer() else {
                    return Err(Stalled { at: self.now(), is_busy: false });
                };
                polls = 0;
                self.advance_to(next);
                continue;
            }
            polls += 1;
            if polls > MAX_POLLS {
                return Err(Stalled { at: self.now(), is_busy: true });
            }
            let chosen = if ready > 1 { self.below(ready) } else { 0 };
            if chosen < spawned {
                self.poll_spawned(chosen);
            } else {
                main.clear();
                let waker = Waker::from(main.clone());
                if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                    return Ok(output);
                }
            }
        }
    }

    /// Polls the spawned task that is the so-manieth of those that are ready.
    fn poll_spawned(&self, chosen: u64) {
        let mut task = {
            let mut state = self.lock();
            let ready = state.spawned.iter().enumerate().filter(|(_, task)| task.flag.is_ready());
            let Some(at) = ready.map(|(at, _)| at).nth(usize::try_from(chosen).unwrap_or(usize::MAX)) else {
                return;
            };
            state.spawned.remove(at)
        };
        task.flag.clear();
        let waker = Waker::from(task.flag.clone());
        // Polled outside the lock: it asks this world for the time.
        if task.future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
            self.lock().spawned.push(task);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A task that panicked has left nothing half done in here.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("World").field("seed", &state.seed).field("now", &state.now).finish_non_exhaustive()
    }
}

/// A timer of a [`World`]: ready when its time has come.
///
/// ```
/// use std::time::Duration;
/// use tripline::testing::World;
///
/// let world = World::new(7);
/// let sleep = world.sleep(Duration::from_secs(5));
/// assert_eq!(sleep.at(), world.now() + Duration::from_secs(5));
/// ```
#[derive(Debug)]
pub struct Sleep {
    world: World,
    at: DateTime<Utc>,
    timer: Option<u64>,
}

impl Sleep {
    /// When it is ready.
    ///
    /// ```
    /// # use tripline::testing::World;
    /// let world = World::new(7);
    /// assert_eq!(world.sleep_until(world.now()).at(), world.now());
    /// ```
    pub fn at(&self) -> DateTime<Utc> {
        self.at
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let (world, at) = (self.world.clone(), self.at);
        let mut state = world.lock();
        if state.now >= at {
            return Poll::Ready(());
        }
        let timer = self.timer.unwrap_or_else(|| {
            state.next_timer += 1;
            state.next_timer
        });
        self.timer = Some(timer);
        state.timers.insert((at, timer), context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(timer) = self.timer {
            self.world.lock().timers.remove(&(self.at, timer));
        }
    }
}

/// A future can never end: it waits for nothing that will come.
///
/// ```
/// use tripline::testing::World;
/// assert!(World::new(7).run(std::future::pending::<()>()).is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stalled {
    at: DateTime<Utc>,
    is_busy: bool,
}

impl fmt::Display for Stalled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
        match self.is_busy {
            true => write!(f, "at {at} a future woke itself {MAX_POLLS} times while time stood still"),
            false => write!(f, "at {at} nothing is ready and no timer is set"),
        }
    }
}

impl std::error::Error for Stalled {}

/// Whether a task was woken since it was last polled.
struct Flag(AtomicBool);

impl Flag {
    fn ready() -> Arc<Self> {
        Arc::new(Self(AtomicBool::new(true)))
    }

    fn is_ready(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn clear(&self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn delta(time: Duration) -> chrono::TimeDelta {
    chrono::TimeDelta::from_std(time).unwrap_or(chrono::TimeDelta::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Ten tasks that sleep, wake and write down when; what is told of a seed.
    fn schedule(seed: u64) -> Vec<(u64, i64)> {
        let (world, told) = (World::new(seed), Arc::new(Mutex::new(Vec::new())));
        for task in 0..10 {
            let (own, told) = (world.clone(), told.clone());
            world.spawn(async move {
                for _ in 0..3 {
                    own.sleep(SECOND * u32::try_from(own.below(3)).unwrap()).await;
                    told.lock().unwrap().push((task, own.now().timestamp()));
                }
            });
        }
        world.block_on(world.sleep(SECOND * 60));
        let told = told.lock().unwrap();
        assert_eq!(told.len(), 30);
        assert!(told.is_sorted_by_key(|(_, at)| *at), "{told:?}");
        told.clone()
    }

    #[test]
    fn one_seed_gives_one_schedule_and_another_seed_another() {
        assert_eq!(schedule(1), schedule(1));
        assert_ne!(schedule(1), schedule(2));
    }

    #[test]
    fn the_numbers_are_those_that_splitmix64_is_known_by() {
        // The first five for the seed 1234567, as the reference implementation gives them.
        let world = World::new(1_234_567);
        let drawn: Vec<u64> = (0..5).map(|_| world.random()).collect();
        assert_eq!(
            drawn,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423,
                4_593_380_528_125_082_431,
                16_408_922_859_458_223_821
            ]
        );
    }

    #[test]
    fn a_timer_that_is_dropped_holds_nothing_up() {
        let world = World::new(0);
        let began = world.now();
        assert_eq!(world.block_on(world.within(SECOND * 9, async { 1 })), Some(1));
        assert_eq!(world.block_on(world.within(SECOND, world.sleep(SECOND * 9))), None);
        assert_eq!((world.next_timer(), world.now()), (None, began + delta(SECOND)));
    }

    #[test]
    fn what_wakes_itself_for_ever_is_found() {
        let world = World::new(0);
        let busy = std::future::poll_fn(|context| {
            context.waker().wake_by_ref();
            Poll::<()>::Pending
        });
        let error = world.run(busy).unwrap_err();
        assert!(error.to_string().contains("woke itself"), "{error}");
    }

    #[test]
    fn a_task_goes_on_where_it_stood() {
        let (world, told) = (World::new(0), Arc::new(AtomicBool::new(false)));
        let (own, set) = (world.clone(), told.clone());
        world.spawn(async move {
            own.sleep(SECOND * 2).await;
            set.store(true, Ordering::Relaxed);
        });
        world.block_on(world.sleep(SECOND));
        assert!(!told.load(Ordering::Relaxed));
        world.block_on(world.sleep(SECOND * 2));
        assert!(told.load(Ordering::Relaxed));
    }
}
