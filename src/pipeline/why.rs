//! Why something happened, or did not.

use super::Pipeline;

impl Pipeline {
    /// What a firing has led to and why, in words: its runs, their steps, and
    /// where each delivery is. `None` where nothing is known of it (any more). Why
    /// an event made nothing fire is said by [`poll_explanation`](Self::poll_explanation).
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/pipeline.rs")]
    /// for (id, members) in [("t-16", 998.0), ("t-17", 1004.0)] {
    ///     let _ = pipeline.handle_event(now, &ValueObserved::new("segment", "vip", members).into_event(id, "/s")?)?;
    /// }
    /// let firing = pipeline.firings_from(0).next().unwrap().1.id().to_string();
    /// let why = pipeline.why(&firing).unwrap();
    /// assert!(why.contains("of the flow \"vip-1000\" is running") && why.contains("is under way"), "{why}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn why(&self, firing: &str) -> Option<String> {
        let mut text = self.flows.explain_firing(firing)?;
        let runs = self.flows.runs().filter(|run| run.firing().id().as_str() == firing);
        for run in runs {
            for step in run.steps() {
                let delivery = run.delivery_id(step.name());
                if let Some(why) = self.dispatcher.explain(&delivery) {
                    text.push_str(&format!("\n{delivery} {why}"));
                }
            }
        }
        Some(text)
    }
}
