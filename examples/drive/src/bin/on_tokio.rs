//! Deliveries made by a task on tokio: `cargo run --manifest-path examples/drive/Cargo.toml --bin on_tokio`.

use std::error::Error;

use chrono::{DateTime, Utc};
use tripline::action::async_trait;
use tripline::dispatch::{Dispatcher, Outlet, Stop, Timer, drive};

/// The system's clock, and tokio's timer.
struct Tokio;

#[async_trait]
impl Timer for Tokio {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    async fn sleep_until(&self, at: DateTime<Utc>) {
        tokio::time::sleep((at - Utc::now()).to_std().unwrap_or_default()).await;
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(run())
}

async fn run() -> Result<(), Box<dyn Error>> {
    let (outlet, registry) = (Outlet::new(), driving::registry()?);
    let driver = tokio::spawn({
        let outlet = outlet.clone();
        async move {
            let mut dispatcher = Dispatcher::new();
            let run = drive(&mut dispatcher, &registry, &Tokio).with_outlet(&outlet);
            run.with_outcomes(driving::tell).run().await.map(|()| dispatcher)
        }
    });
    for note in driving::notes()? {
        outlet.send(note).await;
    }
    outlet.stop(Stop::WhenIdle);
    driving::tell_counts(&driver.await??);
    Ok(())
}
