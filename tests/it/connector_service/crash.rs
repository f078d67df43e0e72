//! The process ends at every place where something is written down.

use http::Response;

use super::host::{HOOK, Host, delete, get, json, location, status, vip};

/// What its principal has been answered.
#[derive(Default)]
struct Told {
    there: Vec<(String, String)>,
    /// It has asked for the first to be taken out.
    asked: bool,
    gone: Vec<(String, String)>,
    polled: Vec<(String, String, usize)>,
}

const POLL: &str = "/poll/segmentThresholdCrossed?instance=contoso&segment=vip&threshold=1000";

/// One schedule, as far as the process lives.
fn run(host: &mut Host, told: &mut Told) -> Result<(), super::host::Died> {
    let mut made = Vec::new();
    for (number, principal) in ["ana", "bo", "ana"].into_iter().enumerate() {
        let callback = format!("https://hooks.contoso.example/{number}");
        let answer = host.try_request(principal, vip(1000.0, &callback))?;
        assert_eq!(status(&answer), 201);
        told.there.push((principal.to_owned(), location(&answer)));
        made.push(location(&answer));
    }
    let poll: Response<_> = host.try_request("ana", get(POLL))?;
    assert_eq!(status(&poll), 202);
    told.polled.push(("ana".to_owned(), location(&poll), 0));
    host.net.answers("/1", 410);
    for (id, members) in [("a", 900.0), ("b", 1100.0)] {
        let now = host.now;
        let event = tripline::event::ValueObserved::new("segment", "vip", members);
        let event = event.into_event(id, "/instances/contoso").unwrap().with_time(now);
        let _ = host.service.pipeline_mut().handle_event(now, &event).unwrap();
        host.try_drive()?;
    }
    let page = host.try_request("ana", get(&location(&poll)))?;
    assert_eq!((status(&page), json(&page).as_array().unwrap().len()), (200, 1));
    told.polled = vec![("ana".to_owned(), location(&page), 0)];
    told.asked = true;
    let answer = host.try_request("ana", delete(&made[0]))?;
    assert_eq!(status(&answer), 204);
    told.gone.push(told.there[0].clone());
    Ok(())
}

#[test]
fn what_was_answered_holds_and_what_was_not_is_there_whole_or_not_at_all() {
    let mut ends = 0;
    for lives in 0.. {
        for survivors in [0, 5] {
            let (mut host, mut told) = (Host::new(), Told::default());
            host.lives = Some(lives);
            let done = run(&mut host, &mut told);
            ends += usize::from(done.is_err());
            host.restart(survivors);
            host.assert_whole();
            let has_fired = host.service.pipeline().counts().firings() > 0;
            for (at, (principal, path)) in told.there.iter().enumerate() {
                let shown = status(&host.request(principal, get(path)));
                // The first may be taken out without an answer; of the second the receiver says that it is gone.
                let may_be_gone = (at == 0 && told.asked) || (at == 1 && has_fired);
                assert!(shown == 200 || (shown == 404 && may_be_gone), "after {lives}: {at} is {shown}");
            }
            for (principal, path) in &told.gone {
                assert_eq!(status(&host.request(principal, get(path))), 404, "after {lives}");
            }
            for (principal, path, most) in &told.polled {
                let page = host.request(principal, get(path));
                let fired = usize::try_from(host.service.pipeline().counts().firings()).unwrap() / 4;
                assert!(status(&page) == 202 || (status(&page) == 200 && fired > *most), "after {lives}");
            }
            // It goes on.
            let answer = host.request("cy", vip(1.0, HOOK));
            assert_eq!(status(&answer), 201);
            assert_eq!(status(&host.request("cy", get(&location(&answer)))), 200);
            host.assert_whole();
            if done.is_ok() {
                assert!(ends > 20, "{ends} places");
                return;
            }
        }
    }
}

#[test]
fn a_201_comes_after_its_batch_and_what_is_undone_leaves_nothing() {
    let mut host = Host::new();
    host.lives = Some(0);
    assert!(host.try_request("ana", vip(1.0, HOOK)).is_err(), "no answer without a batch");
    assert_eq!(host.service.subscriptions(), 1, "it was about to be made");
    host.restart(0);
    assert_eq!(host.service.subscriptions(), 0);
    host.assert_whole();
}

#[test]
fn subscriptions_come_back_from_a_snapshot_and_what_came_after_it() {
    let mut host = Host::new();
    let first = host.request("ana", vip(1000.0, HOOK));
    host.service.pipeline_mut().checkpoint(&mut host.journal, &mut host.snapshots).unwrap();
    let second = host.request("bo", vip(1000.0, HOOK));
    host.service.pipeline_mut().checkpoint(&mut host.journal, &mut host.snapshots).unwrap();
    let third = host.request("bo", vip(1000.0, HOOK));
    host.request("ana", delete(&location(&first)));
    host.restart(0);
    host.assert_whole();
    for (principal, made, wanted) in [("ana", &first, 404), ("bo", &second, 200), ("bo", &third, 200)] {
        assert_eq!(status(&host.request(principal, get(&location(made)))), wanted);
    }
    host.members("vip", 900.0);
    host.members("vip", 1100.0);
    assert_eq!(host.net.take_sent().len(), 2);
}
