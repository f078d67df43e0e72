//! From a subscription to a notification, over restarts and ends.

use std::time::{Duration, Instant};

use reqwest::Method;

use crate::asking::{ask, observe, status_of, subscribe, until};
use crate::child::{ANA, BO, Host, command, folder};
use crate::receiver::Receiver;

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_is_told_what_fires_until_it_is_taken_out() {
    let folder = folder("subscribe");
    let receiver = Receiver::start().await;
    let host = Host::start(&mut command(&folder));
    let (id, secret) = subscribe(&host, &receiver.url("200")).await;

    assert_eq!(observe(&host, 0, 998).await.0, 202);
    let (_, taken) = observe(&host, 1, 1_004).await;
    let firing = taken["firings"][0].as_str().unwrap();
    let told = until(async || receiver.notifications(&secret), |told| told.len() == 1).await;
    assert_eq!((&told[0]["id"], &told[0]["value"]), (&firing.into(), &1_004.into()), "{told:?}");

    let delivered = until(async || status_of(&host, &id).await.1, |status| status["delivered"] == 1).await;
    assert_eq!((&delivered["side"], &delivered["lastFiring"]["id"]), (&"inside".into(), &firing.into()));

    assert_eq!(ask(&host, Method::DELETE, &format!("/v1/subscriptions/{id}"), BO, None).await.0, 204);
    assert_eq!(status_of(&host, &id).await.0, 200, "it is not another's to take out");
    assert_eq!(ask(&host, Method::DELETE, &format!("/v1/subscriptions/{id}"), ANA, None).await.0, 204);
    assert_eq!(status_of(&host, &id).await.0, 404);
    observe(&host, 2, 900).await;
    let (_, taken) = observe(&host, 3, 1_004).await;
    assert_eq!(taken["ignored"], 1, "{taken}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_it_goes_on_with_its_subscriptions_and_loses_no_firing() {
    let folder = folder("kill");
    let receiver = Receiver::start().await;
    let mut command = command(&folder);
    // A snapshot every few batches, so that some are gone on from.
    let host = Host::start(command.args(["--checkpoint", "3"]));
    let (id, secret) = subscribe(&host, &receiver.url("slow")).await;
    host.kill();
    let mut fired = Vec::new();
    for round in 0..5 {
        let host = Host::start(&mut command);
        assert_eq!(status_of(&host, &id).await.0, 200);
        observe(&host, 2 * round, 998).await;
        let (status, taken) = observe(&host, 2 * round + 1, 1_004).await;
        assert_eq!(status, 202, "{taken}");
        fired.push(taken["firings"][0].as_str().unwrap().to_owned());
        host.kill(); // the notification is under way
    }
    let host = Host::start(&mut command);
    until(async || status_of(&host, &id).await.1, |status| status["delivered"] == 5).await;
    let mut told: Vec<String> =
        receiver.notifications(&secret).iter().map(|told| told["id"].as_str().unwrap().to_owned()).collect();
    told.sort();
    fired.sort();
    assert_eq!(told, fired);
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn told_to_stop_it_finishes_what_is_under_way_and_ends_well() {
    let folder = folder("stop");
    let receiver = Receiver::start().await;
    let mut command = command(&folder);
    let host = Host::start(&mut command);
    let (id, secret) = subscribe(&host, &receiver.url("slow")).await;
    observe(&host, 0, 998).await;
    observe(&host, 1, 1_004).await;
    let (ended, said) = host.terminate();
    assert!(ended.success(), "{said:?}");
    assert_eq!(receiver.notifications(&secret).len(), 1);

    let mut host = Host::start(&mut command);
    assert_eq!(status_of(&host, &id).await.1["delivered"], 1);
    let found = host.said.iter().find(|line| line.starts_with("found ")).cloned().unwrap();
    assert!(found.starts_with("found 0 batches after the snapshot at "), "{found}");
    host.said.clear();
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_grace_time_is_too_short_for_is_told_after_the_next_start() {
    let folder = folder("grace");
    let receiver = Receiver::start().await;
    let mut command = command(&folder);
    let host = Host::start(command.args(["--grace", "0.5"]));
    let (id, secret) = subscribe(&host, &receiver.url("asleep")).await;
    observe(&host, 0, 998).await;
    observe(&host, 1, 1_004).await;
    until(async || receiver.notifications(&secret), |told| told.len() == 1).await;
    let begun = Instant::now();
    let (ended, said) = host.terminate();
    assert!(ended.success(), "{said:?}");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());

    let host = Host::start(&mut command);
    until(async || status_of(&host, &id).await.1, |status| status["delivered"] == 1).await;
    assert_eq!(receiver.notifications(&secret).len(), 1, "it was told again under the same id");
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_it_takes_events_each_that_is_sent_again_counts_once() {
    let folder = folder("midway");
    let receiver = Receiver::start().await;
    let mut command = command(&folder);
    let host = Host::start(&mut command);
    let (id, secret) = subscribe(&host, &receiver.url("200")).await;
    host.kill();
    for round in 0..8 {
        let host = Host::start(&mut command);
        let (first, second) = (2 * round, 2 * round + 1);
        observe(&host, first, 998).await;
        // Somewhere between before it came and after it was answered.
        let taken =
            tokio::time::timeout(Duration::from_millis(u64::from(round)), observe(&host, second, 1_004))
                .await;
        host.kill();
        let host = Host::start(&mut command);
        let (status, answer) = observe(&host, second, 1_004).await;
        assert_eq!(status, 202, "{answer}");
        if taken.is_ok() {
            assert_eq!(answer["duplicates"], 1, "what was answered is there: {answer}");
        }
        host.kill();
    }
    let host = Host::start(&mut command);
    let status = until(async || status_of(&host, &id).await.1, |status| status["delivered"] == 8).await;
    assert_eq!((&status["fired"], receiver.notifications(&secret).len()), (&8.into(), 8), "{status}");
    std::fs::remove_dir_all(folder).unwrap();
}
