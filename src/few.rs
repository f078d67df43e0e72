//! A list that mostly has one element, which asks for no memory of its own then.

use std::ops::{Deref, DerefMut};

/// None, one, or many in their order.
#[derive(Debug, Clone, Default)]
pub(crate) enum Few<T> {
    #[default]
    None,
    One(T),
    Many(Vec<T>),
}

impl<T> Few<T> {
    #[cfg(feature = "flow")]
    pub(crate) fn push(&mut self, next: T) {
        match self {
            Self::None => *self = Self::One(next),
            Self::Many(all) => all.push(next),
            Self::One(_) => {
                let mut all = std::mem::take(self).into_vec();
                all.push(next);
                *self = Self::Many(all);
            }
        }
    }

    #[cfg(feature = "flow")]
    pub(crate) fn into_vec(self) -> Vec<T> {
        match self {
            Self::None => Vec::new(),
            Self::One(one) => vec![one],
            Self::Many(all) => all,
        }
    }
}

impl<T> Deref for Few<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Self::None => &[],
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(all) => all,
        }
    }
}

impl<T> DerefMut for Few<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match self {
            Self::None => &mut [],
            Self::One(one) => std::slice::from_mut(one),
            Self::Many(all) => all,
        }
    }
}

impl<T: PartialEq> PartialEq for Few<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T> FromIterator<T> for Few<T> {
    fn from_iter<I: IntoIterator<Item = T>>(all: I) -> Self {
        let mut all = all.into_iter();
        let Some(first) = all.next() else { return Self::None };
        let Some(second) = all.next() else { return Self::One(first) };
        Self::Many([first, second].into_iter().chain(all).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_one_or_many_are_what_was_put_in() {
        for count in 0..5 {
            let all: Vec<u32> = (0..count).collect();
            let mut few: Few<u32> = all.iter().copied().collect();
            assert_eq!(*few, all);
            few.iter_mut().for_each(|one| *one += 1);
            assert_eq!(*few, (1..=count).collect::<Vec<_>>());
            assert_eq!(matches!(few, Few::Many(_)), count > 1);
        }
    }

    #[cfg(feature = "flow")]
    #[test]
    fn what_is_pushed_is_the_last() {
        let mut few = Few::default();
        for count in 1..5_u32 {
            few.push(count);
            assert_eq!(few.clone().into_vec(), (1..=count).collect::<Vec<_>>());
        }
    }
}
