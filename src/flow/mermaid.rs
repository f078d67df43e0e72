//! A flow as a picture.

use std::fmt::Write;

use super::definition::Flow;
use super::graph;
use super::step::StepOutcome;

impl Flow {
    /// The flow as a [Mermaid](https://mermaid.js.org/syntax/flowchart.html)
    /// flowchart: the trigger, the steps, and on each arrow the outcomes that lead along it.
    ///
    /// ```
    /// # use tripline::flow::{Flow, Step};
    /// # use tripline::Trigger;
    /// let trigger = Trigger::unification_completed("unified").build()?;
    /// let flow = Flow::builder(trigger).with_step(Step::new("log", "log")).build()?;
    /// assert_eq!(
    ///     flow.to_mermaid(),
    ///     "flowchart TD\n    trigger([\"unified<br/>unificationCompleted\"])\n    step0[\"log\"]\n    trigger --> step0\n",
    /// );
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn to_mermaid(&self) -> String {
        draw(self)
    }
}

fn draw(flow: &Flow) -> String {
    let mut out = String::from("flowchart TD\n");
    let title = flow.name().unwrap_or(flow.id());
    let kind = flow.trigger.type_name();
    line(&mut out, &format!("trigger([\"{}<br/>{kind}\"])", quoted(title)));
    for (at, step) in flow.steps.iter().enumerate() {
        let mut label = quoted(&step.name);
        if step.action != step.name {
            label += &format!("<br/>{}", quoted(&step.action));
        }
        if let Some(connection) = &step.connection {
            label += &format!("<br/>{}", quoted(connection));
        }
        if let Some(condition) = &step.condition {
            label += &format!("<br/>if {}", quoted(condition));
        }
        line(&mut out, &format!("step{at}[\"{label}\"]"));
    }
    for (at, befores) in graph::befores(&flow.steps).iter().enumerate() {
        if befores.is_empty() {
            line(&mut out, &format!("trigger --> step{at}"));
        }
        for after in befores {
            let arrow = match after.outcomes.as_slice() {
                [StepOutcome::Succeeded] => "-->".to_owned(),
                outcomes => {
                    let words: Vec<&str> = outcomes.iter().map(|outcome| outcome.as_str()).collect();
                    format!("-->|{}|", words.join(", "))
                }
            };
            line(&mut out, &format!("step{} {arrow} step{at}", after.step));
        }
    }
    out
}

fn line(out: &mut String, text: &str) {
    // Writing into a text never fails.
    let _ = writeln!(out, "    {text}");
}

/// A text in a label: what would end it, or mean something in it, as a code of its own.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '<' | '>' | '&' | '#' | '`' | ';' => {
                let _ = write!(quoted, "#{};", u32::from(c));
            }
            c if c.is_control() => quoted.push(' '),
            c => quoted.push(c),
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::super::step::Step;
    use super::*;
    use crate::trigger::Trigger;

    #[test]
    fn branches_conditions_and_outcomes_are_drawn_and_nothing_breaks_out_of_a_label() {
        let trigger =
            Trigger::unification_completed("u").with_name("a \"b\"]\n--> <script>").build().unwrap();
        let flow = Flow::builder(trigger)
            .with_step(Step::new("a", "post").with_connection("teams/sales"))
            .with_step(Step::new("b", "log").with_condition("1 < 2"))
            .with_step(
                Step::new("c", "log")
                    .with_run_after("b", [StepOutcome::Skipped, StepOutcome::Failed])
                    .with_run_after("a", [StepOutcome::Succeeded]),
            )
            .build()
            .unwrap();
        assert_eq!(
            flow.to_mermaid(),
            "flowchart TD
    trigger([\"a #34;b#34;] --#62; #60;script#62;<br/>unificationCompleted\"])
    step0[\"a<br/>post<br/>teams/sales\"]
    step1[\"b<br/>log<br/>if 1 #60; 2\"]
    step2[\"c<br/>log\"]
    trigger --> step0
    step0 --> step1
    step0 --> step2
    step1 -->|failed, skipped| step2
"
        );
    }
}
