//! Deadlines of items.

use crate::time::Nanos;

use super::super::Engine;
use super::tell::TaskKey;

impl Engine {
    /// Deadlines of a waiter up to `until` go off.
    pub(in crate::engine) fn expire_waiter(&mut self, number: u32, until: Nanos) {
        loop {
            let trigger = self.instances[number as usize].trigger;
            let Some(waiter) = self.waiter_mut(number) else { return };
            let item = waiter.item;
            let Some((due, report)) = waiter.expire(until) else { return };
            let context = self.explain_enter("", due, f64::NAN);
            self.tell(trigger, TaskKey::Item(item), due, Some(due), || report);
            self.explain_leave(context);
        }
    }

    /// What is due on the item of a task, for the triggers that have just judged
    /// it: at its very instant, and what a late task made due in the past.
    pub(super) fn settle_due_item(&mut self, item: u32, at: Nanos, judged: impl Iterator<Item = u32>) {
        let until = at.max(self.clock.saturating_sub(1));
        if self.next > until {
            return;
        }
        for trigger in judged {
            let Some(number) = self.tasks.items.watcher(item, trigger).map(|watcher| watcher.instance) else {
                continue;
            };
            if self.waiter(number).is_some() && self.due_of(number) <= until {
                self.expire_waiter(number, until);
                self.queue(number);
            }
        }
    }
}
