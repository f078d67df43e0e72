use std::thread;
use std::time::{Duration, Instant};

use cluster::nats::Leases;

use crate::world::World;

#[test]
fn a_partition_is_held_by_one_and_by_the_next_once_that_one_is_gone() {
    let Some(world) = World::start("leases") else { return };
    let mut anna = Leases::open(&world.link, "tests", "anna").unwrap();
    let mut ben = Leases::open(&world.other(), "tests", "ben").unwrap();
    assert!(anna.try_claim(1).unwrap() && anna.try_claim(2).unwrap());
    assert!(!ben.try_claim(1).unwrap());
    assert_eq!(ben.holder(1).unwrap().as_deref(), Some("anna"));
    // Renewed it stays, longer than it lasts by itself.
    let end = Instant::now() + Duration::from_millis(2_600);
    while Instant::now() < end {
        assert!(anna.renew(1).unwrap());
        thread::sleep(Leases::every());
    }
    assert!(!ben.try_claim(1).unwrap());
    assert!(ben.try_claim(2).unwrap(), "nobody renewed it");
    assert!(!anna.renew(2).unwrap());
    assert_eq!((anna.held(), ben.held()), (vec![1], vec![2]));
    anna.release(1).unwrap();
    assert_eq!(anna.holder(1).unwrap(), None);
    assert!(ben.try_claim(1).unwrap());
    assert!(!anna.renew(1).unwrap());
}

#[test]
fn a_worker_that_was_restarted_has_its_leases_again_and_a_killed_server_keeps_them() {
    let Some(mut world) = World::start("again") else { return };
    let mut anna = Leases::open(&world.link, "tests", "anna").unwrap();
    assert!(anna.try_claim(1).unwrap());
    let mut again = Leases::open(&world.other(), "tests", "anna").unwrap();
    assert!(again.try_claim(1).unwrap());
    world.kill_server();
    let end = Instant::now() + Duration::from_secs(5);
    // The first call may still meet the connection that is gone.
    while !again.renew(1).is_ok_and(|is_ours| is_ours) {
        assert!(Instant::now() < end);
        thread::sleep(Duration::from_millis(20));
    }
    let mut ben = Leases::open(&world.other(), "tests", "ben").unwrap();
    assert!(!ben.try_claim(1).unwrap());
}
