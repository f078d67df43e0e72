//! Records told apart, whatever stands around them.

use super::{Said, read, read_with};
use tripline::builtin::customer_insights::LogReader;

/// A record that gives one event, told from others by its operation type.
fn record(name: &str) -> String {
    format!(
        r#"{{"time":"2026-03-01T02:00:07Z","operationName":"{name}.TaskCompleted","resultType":"Successful","properties":{{"instanceId":"i"}}}}"#
    )
}

/// The bytes of such a record.
const LEN: usize = 123;

/// The text with every `@x` replaced by a record of the operation type `x`.
fn log(template: &str) -> String {
    let mut parts = template.split('@');
    let mut text = parts.next().unwrap().to_owned();
    for part in parts {
        text += &record(&part[..1]);
        text += &part[1..];
    }
    text
}

/// The operation types of the events, and of the refusals what they say.
fn short(said: &Said) -> Vec<String> {
    let process = |event: &String| event.split(r#""process":""#).nth(1).unwrap()[..1].to_owned();
    said.iter().map(|said| said.as_ref().map_or_else(Clone::clone, process)).collect()
}

#[track_caller]
fn check(template: &str, expected: &[&str]) {
    let (said, _) = read(log(template));
    assert_eq!(short(&said), expected, "{template}");
}

#[test]
fn records_stand_in_lines_arrays_wrappers_and_any_mix_of_them() {
    for template in [
        "@a@b",
        "@a\n@b\n",
        "  @a \r\n\r\n\t@b  ",
        "[@a,@b]",
        "[ @a , @b ]\n",
        "[\n@a,\n@b\n]\n",
        "[@a]\n[@b]",
        "[]@a[]@b[]",
        "{\"records\":[@a,@b]}",
        "{ \"records\" : [ @a , @b ] }",
        "{\"records\":[@a]}{\"records\":[@b]}",
        "{\"records\":[@a]}\n{\"records\":[]}\n@b",
        "{\"x\":1,\"y\":{\"records\":[1]},\"records\":[@a],\"z\":[{\"records\":[2]}]}[@b]",
        "[{\"records\":[@a]},{\"records\":[]},{\"records\":[@b]}]",
        "[{\"records\":[@a]},@b]",
        "\u{feff}@a\n@b",
        "\u{feff}{\"records\":[@a,@b]}",
    ] {
        check(template, &["a", "b"]);
    }
    for empty in ["", " \n", "[]", "{\"records\":[]}", "\u{feff}", "[{\"records\":[]}]"] {
        check(empty, &[]);
    }
}

#[test]
fn an_element_that_is_no_object_is_refused_by_itself() {
    check(
        r#"[@a,1,"x}",null,[@c],true,NaN,@b]"#,
        &[
            "a",
            &format!("1:{}: a record must be an object, found a number", LEN + 3),
            &format!("1:{}: a record must be an object, found a string", LEN + 5),
            &format!("1:{}: a record must be an object, found null", LEN + 10),
            &format!("1:{}: a record must be an object, found an array", LEN + 15),
            &format!("1:{}: a record must be an object, found a boolean", 2 * LEN + 18),
            &format!("1:{}: NaN is not a JSON value", 2 * LEN + 23),
            "b",
        ],
    );
}

#[test]
fn a_wrapper_inside_a_wrapper_is_a_record_without_what_a_record_has() {
    check(
        "{\"records\":[{\"records\":[@a]},@b]}",
        &[
            "1:13: operationName: is missing; resultType: is missing; time: is missing; properties.instanceId: is missing, and so is `resourceId`: one of them says which instance it is",
            "b",
        ],
    );
}

#[test]
fn a_second_array_of_records_in_one_wrapper_is_refused() {
    check(
        "{\"records\":[@a],\"records\":[@c,{}]}@b",
        &[
            "a",
            &format!(
                "1:{}: the key \"records\" comes twice in one object; the second array is passed over",
                LEN + 26
            ),
            "b",
        ],
    );
}

#[test]
fn after_a_bad_line_reading_goes_on_with_the_next() {
    for (bad, why, lost) in [
        ("oops", "expected a record at 2:1, found 'o'", 5),
        ("42", "expected a record at 2:1, found '4'", 3),
        ("\"{\"", "expected a record at 2:1, found '\"'", 4),
        ("]", "expected a record at 2:1, found ']'", 2),
        (",", "expected a record at 2:1, found ','", 2),
        ("é", "expected a record at 2:1, found the byte 0xc3", 3),
        ("{\"a\":1,", "expected a key at 3:1, found '{'", 8),
        ("{\"a\"", "expected `:` at 3:1, found '{'", 5),
        ("{\"a\":1", "expected `,` or `}` at 3:1, found '{'", 7),
        ("{\"a\":[1", "expected `,` or `]` at 3:1, found '{'", 8),
        ("{\"a\":[{\"b\":\"c\\", "IN_TEXT at 2:15, found the end of the line", 15),
        ("{\"a\":\"b", "IN_TEXT at 2:8, found the end of the line", 8),
        ("{]", "expected a key at 2:2, found ']'", 3),
        ("{\"a\":\"b\"c\":1}", "expected `,` or `}` at 2:9, found 'c'", 14),
    ] {
        let why = why.replace("IN_TEXT", "expected the end of the string");
        check(
            &format!("@a\n{bad}\n@b\n@c\n"),
            &["a", &format!("2:1: {why}; {lost} bytes are lost"), "b", "c"],
        );
    }
    // Cut short where a value goes on: the next line is taken for it at first.
    check(
        "@a\n{\"x\":\n@b\n@c\n",
        &["a", "2:1: expected `,` or `}` at 4:1, found '{'; 6 bytes are lost", "b", "c"],
    );
    check(
        "@a\n{\"x\":[\n@b\n@c\n",
        &["a", "2:1: expected `,` or `]` at 4:1, found '{'; 7 bytes are lost", "b", "c"],
    );
    check(
        "{\"x\":\n{\"y\":\n@b\n@c\n",
        &[
            "1:1: expected `,` or `}` at 4:1, found '{'; 6 bytes are lost",
            "2:1: expected `,` or `}` at 4:1, found '{'; 6 bytes are lost",
            "b",
            "c",
        ],
    );
    check(
        "{\"x\":\n@b\n",
        &["1:1: expected the rest of a record at 3:1, found the end of the text; 6 bytes are lost", "b"],
    );
}

#[test]
fn lines_that_do_not_start_with_a_bracket_are_lost_together() {
    check(
        "# a log\n# of a night\n\n@a\noops\n  @b",
        &[
            "1:1: expected a record at 1:1, found '#'; 22 bytes are lost",
            "a",
            "5:1: expected a record at 5:1, found 'o'; 7 bytes are lost",
            "b",
        ],
    );
    check(
        "@a oops @c\n@b",
        &[
            "a",
            &format!("1:{0}: expected a record at 1:{0}, found 'o'; {1} bytes are lost", LEN + 2, LEN + 6),
            "b",
        ],
    );
    check("@a\noops", &["a", "2:1: expected a record at 2:1, found 'o'; 4 bytes are lost"]);
    check("x", &["1:1: expected a record at 1:1, found 'x'; 1 byte is lost"]);
}

#[test]
fn a_fault_inside_an_element_costs_the_element_where_its_end_can_be_told() {
    for bad in
        ["{\"a\":NaN}", "{\"a\":,}", "{a:1}", "{\"a\":1,}", "{\"a\":\"\t\"}", "{\"a\":\"\\x\"}", "{\"a\":01}"]
    {
        let (said, report) = read(log(&format!("[@a,{bad},@b]")));
        let said = short(&said);
        assert_eq!((said.len(), &*said[0], &*said[2]), (3, "a", "b"), "{bad}: {said:?}");
        assert!(said[1].starts_with("1:1"), "{said:?}");
        assert_eq!(report.lost_bytes(), 0);
    }
}

#[test]
fn where_the_end_of_an_element_cannot_be_told_the_rest_of_the_line_is_lost() {
    check(
        "[@a,{\"a\":\"b\"c\"},@c,@d]\n[@b]",
        &[
            "a",
            &format!(
                "1:{}: expected `,` or `}}` at 1:{}, found 'c'; {} bytes are lost",
                LEN + 3,
                LEN + 11,
                2 * LEN + 15
            ),
            "b",
        ],
    );
    check(
        "[@a}\n@b",
        &["a", &format!("1:{0}: expected `,` or `]` at 1:{0}, found '}}'; 2 bytes are lost", LEN + 2), "b"],
    );
    check(
        "{\"records\":[@a]oops}\n@b",
        &["a", &format!("1:{0}: expected `,` or `}}` at 1:{0}, found 'o'; 6 bytes are lost", LEN + 14), "b"],
    );
}

#[test]
fn in_an_array_of_a_record_a_line_only_the_bad_line_is_lost() {
    check(
        "[\n@a,\n{\"a\":\"b\"c\"},\n@b,\n@c\n]\n@d",
        &["a", "3:1: expected `,` or `}` at 3:9, found 'c'; 13 bytes are lost", "b", "c", "d"],
    );
    check(
        "{\"records\":[\n@a,\n{\"a\":\n@b,\n@c\n]}\n@d",
        &["a", "3:1: expected a key at 5:1, found '{'; 6 bytes are lost", "b", "c", "d"],
    );
    // A comma is missing: nothing is lost.
    check("[\n@a\n@b\n]\n@c", &["a", "3:1: expected `,` or `]` at 3:1, found '{'", "b", "c"]);
    // Over many lines each, the next element starts a line as well.
    check(
        "[\n  {\n    \"a\": \"b\"c\"\n  },\n  @b,\n  @c\n]",
        &["2:3: expected `,` or `}` at 3:13, found 'c'; 24 bytes are lost", "b", "c"],
    );
}

#[test]
fn a_text_that_ends_too_early_says_what_is_open() {
    check(
        "[@a",
        &["a", &format!("1:{}: the text ends before `]` closes the array that starts at 1:1", LEN + 2)],
    );
    check(
        "[{\"records\":[@a,",
        &["a", &format!("1:{}: the text ends before `]` closes the records that start at 1:2", LEN + 15)],
    );
    check(
        "{\"records\":[@a]",
        &[
            "a",
            &format!(
                "1:{0}: expected the rest of the object around the records at 1:{0}, found the end of the text",
                LEN + 14
            ),
        ],
    );
    check(
        "@a\n{\"time\":\"20",
        &["a", "2:1: expected the rest of a record at 2:12, found the end of the text; 11 bytes are lost"],
    );
    check("[[[", &["1:2: expected the rest of a record at 1:4, found the end of the text; 2 bytes are lost"]);
}

#[test]
fn a_record_over_the_bound_is_passed_over_to_its_end() {
    let bound = record("a").len();
    let reader = LogReader::new().with_max_bytes(bound);
    let check = |template: &str, expected: &[&str], lost: u64| {
        let (said, report) = read_with(&reader, log(template));
        assert_eq!(short(&said), expected, "{template}");
        assert_eq!(report.lost_bytes(), lost, "{template}");
    };
    let long = format!("{{\"a\":\"{}\"}}", "}]\\\"".repeat(bound));
    let length = long.len();
    let too_long = |place: &str| format!("{place}: the record has {length} bytes, over the limit of {bound}");
    check(&format!("@a\n{long}\n@b"), &["a", &too_long("2:1"), "b"], length as u64);
    check(&format!("[@a,{long},@b]"), &["a", &too_long(&format!("1:{}", bound + 3)), "b"], length as u64);
    // What goes on in the next line is no record any more, and costs nothing but itself.
    let cut = &long[..length - 1];
    check(
        &format!("{cut}\n@a"),
        &[&format!("1:1: expected `,` or `}}` at 2:1, found '{{'; {length} bytes are lost"), "a"],
        length as u64,
    );
    check(
        cut,
        &[&format!("1:1: the record has {} bytes, over the limit of {bound}", length - 1)],
        length as u64 - 1,
    );
    // Members of a wrapper are no record.
    check(&format!("{},\"records\":[@a],\"b\":{long}}}@b", cut), &["a", "b"], 0);
    let reader = LogReader::new().with_max_bytes(bound - 1);
    assert!(read_with(&reader, record("a")).0[0].is_err());
}

#[test]
fn after_a_finished_text_the_next_starts_at_its_first_line() {
    let mut reader = LogReader::new();
    assert!(reader.read(b"\n[1").is_err());
    assert_eq!(reader.offset(), 3);
    let error = reader.read(b"\xef\xbb\xbf\n1").unwrap_err();
    assert_eq!(error.place(), Some("2:1"));
    assert_eq!(reader.report().refused().count(), 2);
    assert_eq!(reader.read(record("a").as_bytes()).unwrap().len(), 1);
    assert_eq!(reader.report().records(), 3);
}
