//! Lists as the service writes them, and pages of items.

use http::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::action::{ActionError, Field, Metadata, read_json};

/// Items, and whether there are more: the output of
/// [`GetItems`](super::GetItems) and [`GetPartitionData`](super::GetPartitionData).
///
/// The next page is at this one's `$skip` and [`count`](Self::count) more.
///
/// ```
/// use tripline::builtin::customer_insights::ItemPage;
/// let page: ItemPage = serde_json::from_str(r#"{"items":[{"CustomerId":"ce75"}],"count":1,"hasNext":true}"#)?;
/// assert!(page.items().len() == 1 && page.has_next());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemPage {
    items: Vec<Map<String, Value>>,
    count: usize,
    has_next: bool,
}

impl ItemPage {
    /// The items, in the order of the service.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::ItemPage;
    /// let page: ItemPage = serde_json::from_str(r#"{"items":[],"count":0,"hasNext":false}"#)?;
    /// assert!(page.items().is_empty());
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn items(&self) -> &[Map<String, Value>] {
        &self.items
    }

    /// How many items there are.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::ItemPage;
    /// let page: ItemPage = serde_json::from_str(r#"{"items":[],"count":0,"hasNext":false}"#)?;
    /// assert_eq!(page.count(), 0);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn count(&self) -> usize {
        self.count
    }

    /// Whether the service says that there are more (`@odata.nextLink`). A page
    /// with as many items as were asked for may have a next one all the same.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::ItemPage;
    /// let page: ItemPage = serde_json::from_str(r#"{"items":[],"count":0,"hasNext":false}"#)?;
    /// assert!(!page.has_next());
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn has_next(&self) -> bool {
        self.has_next
    }

    pub(super) fn into_items(self) -> Vec<Map<String, Value>> {
        self.items
    }

    pub(super) fn read(response: &Response<Vec<u8>>) -> Result<Self, ActionError> {
        let List { items, has_next } = List::read(response)?;
        Ok(Self { count: items.len(), items, has_next })
    }

    pub(super) fn described(metadata: Metadata) -> Metadata {
        metadata
            .with_output(Field::array("items", Field::object("item", [])).with_title("Items"))
            .with_output(
                Field::integer("count").with_title("Count").with_description("How many items there are."),
            )
            .with_output(
                Field::boolean("hasNext")
                    .with_title("Has more")
                    .with_description("Whether the service says that there are more items."),
            )
    }
}

/// A list of objects: an array, or, as OData has it, an object with `value`.
pub(super) struct List {
    pub(super) items: Vec<Map<String, Value>>,
    pub(super) has_next: bool,
}

impl List {
    pub(super) fn read(response: &Response<Vec<u8>>) -> Result<Self, ActionError> {
        let (elements, has_next) = match read_json(response)? {
            Value::Array(elements) => (elements, false),
            Value::Object(mut members) => {
                let has_next = members.get("@odata.nextLink").is_some_and(Value::is_string);
                match members.remove("value") {
                    Some(Value::Array(elements)) => (elements, has_next),
                    _ => return Err(no_list()),
                }
            }
            _ => return Err(no_list()),
        };
        let items = elements.into_iter().map(|element| match element {
            Value::Object(members) => Ok(members),
            // Some lists are of names alone.
            Value::String(name) => Ok(Map::from_iter([("name".to_owned(), Value::String(name))])),
            _ => Err(no_list()),
        });
        Ok(Self { items: items.collect::<Result<_, _>>()?, has_next })
    }
}

fn no_list() -> ActionError {
    ActionError::permanent("the answer is no list of objects").with_outcome_unknown(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<(usize, bool), ActionError> {
        let page = ItemPage::read(&Response::new(body.into()))?;
        assert_eq!(page.count(), page.items().len());
        Ok((page.count(), page.has_next()))
    }

    #[test]
    fn a_list_is_read_in_either_form_and_may_name_a_next_one() {
        assert_eq!(read(r#"[{"a":1},{}]"#).unwrap(), (2, false));
        assert_eq!(read(r#"{"value":[{"a":1},"b"]}"#).unwrap(), (2, false));
        let linked = r#"{"value":[{}],"@odata.nextLink":"https://elsewhere.example/"}"#;
        assert_eq!(read(linked).unwrap(), (1, true));
        assert_eq!(read(r#"{"value":[],"@odata.nextLink":null}"#).unwrap(), (0, false));
    }

    #[test]
    fn what_is_no_list_of_objects_is_refused() {
        for body in ["", "<html>", "7", "null", "{}", r#"{"value":{}}"#, "[7]", "[[]]", r#"[{"a":}]"#] {
            let error = read(body).unwrap_err();
            assert!(error.is_permanent(), "{body}: {error}");
        }
    }
}
