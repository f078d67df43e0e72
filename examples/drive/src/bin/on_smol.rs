//! Deliveries made by a task on smol: `cargo run --manifest-path examples/drive/Cargo.toml --bin on_smol`.

use std::error::Error;

use chrono::{DateTime, Utc};
use tripline::action::async_trait;
use tripline::dispatch::{Dispatcher, Outlet, Stop, Timer, drive};

/// The system's clock, and smol's timer.
struct Smol;

#[async_trait]
impl Timer for Smol {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    async fn sleep_until(&self, at: DateTime<Utc>) {
        smol::Timer::after((at - Utc::now()).to_std().unwrap_or_default()).await;
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    smol::block_on(run())
}

async fn run() -> Result<(), Box<dyn Error>> {
    let (outlet, registry) = (Outlet::new(), driving::registry()?);
    let driver = smol::spawn({
        let outlet = outlet.clone();
        async move {
            let mut dispatcher = Dispatcher::new();
            let run = drive(&mut dispatcher, &registry, &Smol).with_outlet(&outlet);
            run.with_outcomes(driving::tell).run().await.map(|()| dispatcher)
        }
    });
    for note in driving::notes()? {
        outlet.send(note).await;
    }
    outlet.stop(Stop::WhenIdle);
    driving::tell_counts(&driver.await?);
    Ok(())
}
