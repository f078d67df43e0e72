# let at = chrono::DateTime::UNIX_EPOCH;
# use tripline::builtin::customer_insights::poll::{Poller, PollEffect};
# let mut poller = Poller::builder("contoso").build(at)?;
# let Some(PollEffect::Commit(_)) = poller.poll_effect() else { panic!("where to begin") };
# poller.handle_committed(at)?;
# let Some(PollEffect::Send(request)) = poller.poll_effect() else { panic!("a request") };
