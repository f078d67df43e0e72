//! What each counter of the library counts, in a sentence: the library gives names and numbers.

/// Of a name that is not known here; a test holds that there is none.
const UNKNOWN: &str = "Not described.";

/// Of the engine's counters.
pub fn engine(counter: &str) -> &'static str {
    match counter {
        "events" => "Events and observations handed in, whatever became of them.",
        "duplicates" => "Events whose (source, id) was seen before: they changed nothing.",
        "late" => "Observations older than what was judged already, dropped for at least one trigger.",
        "ignored" => "Events accepted that no trigger watches.",
        "invalid" => "Events refused because their data is not what their type promises.",
        "skewed" => "Events refused because they are too far ahead of the time.",
        "over_limit" => "Events refused, wholly or for one trigger, because a bound was reached.",
        "not_watched" => {
            "Observations and tasks that some trigger could not take in, because it watches as many series, items or jobs as it may."
        }
        "without_job" => "Tasks that unifications ignored because they belong to no job.",
        "jobs_dropped" => "Jobs forgotten while a unification still waited for them.",
        "firings" => "Firings emitted.",
        "suppressed" => "Firings that a cooldown swallowed.",
        "limited" => "Firings that a limit swallowed.",
        "disabled" => "Firings that a disabled trigger did not give.",
        "waiting_dropped" => {
            "Waiting observations and failures dropped: their trigger was removed or no longer waits for them, or 64 failures of one item waited already."
        }
        "series_dropped" => "Idle series and items dropped to make room.",
        "explanations_dropped" => "Explanations left out because too many waited to be polled.",
        _ => UNKNOWN,
    }
}

/// Of the flows' counters.
pub fn flows(counter: &str) -> &'static str {
    match counter {
        "started" => "Runs started, those that wait for their turn and those submitted again among them.",
        "duplicates" => "Firings handed in that had led to a run before: they changed nothing.",
        "unmatched" => "Firings of triggers that no flow begins with.",
        "refused" => "Firings refused for want of room.",
        "resubmitted" => "Runs submitted again.",
        "succeeded" => "Runs that succeeded.",
        "failed" => "Runs that failed.",
        "cancelled" => "Runs called off.",
        "deliveries" => "Deliveries made of steps.",
        "steps_succeeded" => "Steps that succeeded.",
        "steps_failed" => "Steps that failed.",
        "steps_skipped" => "Steps that were skipped.",
        "steps_timed_out" => "Steps that timed out.",
        "ignored" => "Outcomes of deliveries that no step waited for, or waited for any more.",
        "outputs_dropped" => "Outputs too large to be kept for the steps after.",
        "history_dropped" => "Runs forgotten to make room for later ones.",
        _ => UNKNOWN,
    }
}

/// Of the dispatcher's counters.
pub fn dispatcher(counter: &str) -> &'static str {
    match counter {
        "accepted" => "Deliveries taken in, those that were dead at once among them.",
        "duplicates" => "Deliveries handed in while one of the same id was pending or a dead letter.",
        "refused" => "Deliveries refused: something was wrong with them, or a bound was reached.",
        "attempts" => "Attempts handed out.",
        "delivered" => "Deliveries carried out.",
        "retries" => "Failed attempts after which another is made.",
        "throttled" => "Attempts that were answered with a request to slow down.",
        "lost" => "Attempts that were lost: nothing was told of them by their deadline.",
        "cut_off" => "Attempts that the end of a process cut off.",
        "late" => "Ends of attempts told when the attempt had ended before: they changed nothing.",
        "dead" => "Deliveries given up.",
        "dead_dropped" => "Dead letters let go to make room.",
        "dead_discarded" => "Dead letters discarded on request.",
        "redriven" => "Dead letters sent again.",
        "cancelled" => "Deliveries called off.",
        "circuits_opened" => "Times that a circuit opened, after a failed probe too.",
        "targets_disabled" => "Targets switched off.",
        "targets_forgotten" => "Idle targets forgotten to make room for others.",
        _ => UNKNOWN,
    }
}

/// Of the pipeline's own counters.
pub fn pipeline(counter: &str) -> &'static str {
    match counter {
        "inputs" => "Inputs that gave a batch.",
        "events" => "Events in the inputs that gave a batch, whatever became of each.",
        "firings" => "Firings.",
        "deliveries" => "Deliveries that flows handed to the dispatcher.",
        "refused_deliveries" => {
            "Deliveries of flows that the dispatcher did not take, because they break its bounds or it has their ids already."
        }
        "restarts" => "Restarts.",
        "keeps" => "Values that were kept, replaced or let go of.",
        "refused" => {
            "Inputs refused because too much waits, or over a bound. Not in the journal, so a crash forgets them."
        }
        _ => UNKNOWN,
    }
}

/// Of the connector's counters.
pub fn connector(counter: &str) -> &'static str {
    match counter {
        "requests" => "Requests that were handed in.",
        "subscribed" => "Subscriptions that were made.",
        "unsubscribed" => "Subscriptions that were taken out by those whose they were.",
        "polled" => "Polled triggers that were made.",
        "expired" => "Subscriptions and polled triggers that ended because nobody wanted anything of them.",
        "gone" => "Subscriptions that ended because their receiver answered 410.",
        "missed" => "Firings that a poll came too late for.",
        "faulty" => "Requests answered with 400.",
        "forged" => {
            "Polls answered with 400, because their state was not made here for this subscriber and this trigger."
        }
        "too_large" => "Requests answered with 413.",
        "over_cap" => {
            "Requests answered with 429, because the subscriber has as many subscriptions as it may, or an action is throttled."
        }
        "busy" => "Requests answered with 503, because of a bound of the service or of its pipeline.",
        "timed_out" => "Requests whose resolving, listing or action took too long.",
        "late" => "Ends of resolvings, listings and actions that nobody waited for any more.",
        "cut" => "Lists of choices that had more than may be shown.",
        "unopened" => "Subscriptions whose secrets did not open at the start: nothing is delivered to them.",
        _ => UNKNOWN,
    }
}

#[cfg(test)]
mod tests {
    use tripline::action::Registry;
    use tripline::pipeline::Pipeline;

    use super::*;

    #[test]
    fn every_counter_of_the_library_is_described() {
        let pipeline = Pipeline::builder(Registry::new()).build().unwrap();
        let all = [
            pipeline.engine().counts().iter().map(|(name, _)| (name, engine(name))).collect::<Vec<_>>(),
            pipeline.flows().counts().iter().map(|(name, _)| (name, flows(name))).collect(),
            pipeline.dispatcher().counts().iter().map(|(name, _)| (name, dispatcher(name))).collect(),
            pipeline.counts().iter().map(|(name, _)| (name, super::pipeline(name))).collect(),
        ];
        for (name, help) in all.into_iter().flatten() {
            assert_ne!(help, UNKNOWN, "{name}");
        }
    }
}
