use serde_json::json;

use super::*;

struct All;

impl Names for All {
    fn runs_before(&self, step: &str) -> Option<bool> {
        match step {
            "a" => Some(true),
            "later" => Some(false),
            _ => None,
        }
    }
}

impl Scope<'static> {
    fn new(names: Value) -> Self {
        let scope = Self::of(&|_| None);
        for (made, name) in scope.made.iter().zip(check::ROOTS) {
            let _ = made.set(names.get(name).cloned());
        }
        scope
    }
}

fn scope() -> Scope<'static> {
    Scope::new(json!({
        "trigger": {"value": 1004, "previousValue": null, "owners": ["ana", "bo"],
                    "series": {"name": "{{ flow.id }}"}, "failure": {"message": "<b>\"x\" & {% endif %}"}},
        "steps": {"a": {"outcome": "succeeded", "output": {"share": 0.25, "tags": ["x", {"y": null}]}}},
        "flow": {"id": "f"},
        "run": {"id": "r_1", "number": 1},
    }))
}

fn rendered(source: &str, escape: Escape) -> Result<Value, String> {
    let mut templates = Templates::new();
    let template = templates.add(source, escape);
    templates.render(&template, &scope(), &mut Budget::new())
}

fn plain(source: &str) -> Result<Value, String> {
    rendered(source, Escape::None)
}

fn found(source: &str) -> Vec<String> {
    faults(source, false, &All)
}

#[test]
fn one_expression_keeps_its_type_and_anything_else_is_a_text() {
    for (source, value) in [
        ("{{ trigger.value }}", json!(1004)),
        ("{{trigger.value}}", json!(1004)),
        ("{{ steps.a.output.share * 4 }}", json!(1)),
        ("{{ steps.a.output.share }}", json!(0.25)),
        ("{{ trigger.previousValue }}", json!(null)),
        ("{{ trigger.value > 1000 }}", json!(true)),
        ("{{ trigger.owners }}", json!(["ana", "bo"])),
        ("{{ trigger.owners | length }}", json!(2)),
        ("{{ steps.a.output }}", json!({"share": 0.25, "tags": ["x", {"y": null}]})),
        ("{{ steps.a.output.tags[1] }}", json!({"y": null})),
        ("{{ {'a': [trigger.value, none]} }}", json!({"a": [1004, null]})),
        ("{{ trigger.value }} members", json!("1004 members")),
        ("{{ trigger.value / 2 }}!", json!("502!")),
        ("{{ steps.a.output.share }}!", json!("0.25!")),
        (" {{ trigger.value }}", json!(" 1004")),
        ("{{ trigger.value }}\n", json!("1004\n")),
        ("{% for o in trigger.owners %}{{ loop.index }}{{ o }};{% endfor %}", json!("1ana;2bo;")),
        ("{% if steps.a.outcome == 'succeeded' %}yes{% endif %}", json!("yes")),
        ("no template { at all }", json!("no template { at all }")),
        ("{% raw %}{{ x }}{% endraw %}", json!("{{ x }}")),
        ("a{# not told #}b", json!("ab")),
        ("{{ trigger.owners | tojson }}", json!("[\"ana\",\"bo\"]")),
        ("{{ 'a b/c' | urlencode }}", json!("a%20b%2Fc")),
    ] {
        assert_eq!(plain(source), Ok(value), "{source}");
        assert_eq!(found(source), [""; 0], "{source}");
    }
}

#[test]
fn a_missing_value_is_an_error_that_names_it_unless_something_is_taken_instead() {
    for (source, why) in [
        ("{{ trigger.jobId }}", "trigger.jobId is missing"),
        ("{{ trigger.series.kind.x }}", "trigger.series.kind.x is missing"),
        ("job {{ trigger.jobId }}", "trigger.jobId is missing"),
        ("{{ trigger.jobId | upper }}", "trigger.jobId is missing"),
        ("{{ trigger.jobId ~ trigger.dueAt }}", "trigger.dueAt, trigger.jobId are missing"),
        ("{{ steps.a.error }}", "steps.a.error is missing"),
    ] {
        assert_eq!(plain(source), Err(why.to_owned()), "{source}");
        assert_eq!(found(source), [""; 0], "{source}");
    }
    assert_eq!(plain("{{ trigger.jobId | default('none') }}"), Ok(json!("none")));
    assert_eq!(plain("{{ trigger.jobId is defined }}"), Ok(json!(false)));
    assert!(plain("x{{ trigger.previousValue }}").unwrap_err().contains("a null has no place in a text"));
    assert_eq!(plain("x{{ trigger.previousValue | default('-', true) }}"), Ok(json!("x-")));
}

#[test]
fn what_comes_from_data_is_never_a_template() {
    assert_eq!(plain("{{ trigger.series.name }}"), Ok(json!("{{ flow.id }}")));
    assert_eq!(plain("<{{ trigger.series.name }}>"), Ok(json!("<{{ flow.id }}>")));
    assert_eq!(plain("{{ trigger.failure.message }}!"), Ok(json!("<b>\"x\" & {% endif %}!")));
    assert_eq!(plain("{% set x = trigger.series.name %}{{ x }}"), Ok(json!("{{ flow.id }}")));
}

#[test]
fn values_are_escaped_as_the_field_asks_and_text_of_the_author_is_not() {
    let html = |source| rendered(source, Escape::Html);
    let text = "&lt;b&gt;&quot;x&quot; &amp; {% endif %}";
    assert_eq!(html("<p>{{ trigger.failure.message }}</p>"), Ok(json!(format!("<p>{text}</p>"))));
    assert_eq!(html("{{ trigger.failure.message }}"), Ok(json!(text)), "one expression is escaped too");
    assert_eq!(html("{{ trigger.failure.message | safe }}"), Ok(json!("<b>\"x\" & {% endif %}")));
    assert_eq!(html("{{ trigger.value / 4 }}"), Ok(json!("251")));
    let uri = |source| rendered(source, Escape::Uri);
    assert_eq!(
        uri("https://x.example/{{ trigger.series.name }}?o={{ trigger.owners[0] }}"),
        Ok(json!("https://x.example/%7B%7B%20flow.id%20%7D%7D?o=ana"))
    );
    assert_eq!(uri("{{ 'https://x.example/' ~ trigger.owners[0] }}"), Ok(json!("https://x.example/ana")));
    assert_eq!(uri("{{ 'https://x.example' | safe }}/a"), Ok(json!("https://x.example/a")));
}

#[test]
fn names_that_cannot_be_there_are_found_before_anything_runs() {
    for (source, expected) in [
        ("{{ value }}", "`value` is not defined: there are `trigger`, `steps`, `flow` and `run`"),
        ("{{ trigger.valeu }}", "`trigger` has no `valeu`; did you mean `value`?"),
        ("{{ steps.b.output }}", "there is no step `b`"),
        ("{{ steps.later.output }}", "the step `later` does not run before this one"),
        ("{{ steps.a.result }}", "`steps.a` has no `result`: it may have `output`, `outcome`, `error`"),
        ("{{ steps['a'].output }}", "`steps` is no value by itself"),
        ("{{ steps | tojson }}", "`steps` is no value by itself"),
        ("{{ run.start }}", "`run` has no `start`"),
        ("{{ flow.steps }}", "`flow` has no `steps`"),
        ("{{ now() }}", "`now` is not defined"),
        ("{{ debug() }}", "`debug` is not defined"),
        ("{{ namespace() }}", "`namespace` is not defined"),
        ("{{ trigger.value | shout }}", "there is no filter `shout`"),
        ("{{ trigger.value | pprint }}", "there is no filter `pprint`"),
        ("{{ trigger.value is prime }}", "there is no test `prime`"),
        ("{{ trigger.value is not prime }}", "there is no test `prime`"),
        ("{% include 'x' %}", "there is no tag `include`"),
        ("{% extends 'x' %}", "there is no tag `extends`"),
        ("{% import 'x' as y %}", "there is no tag `import`"),
        ("{% macro m() %}{% endmacro %}", "there is no tag `macro`"),
        ("{% filter upper %}x{% endfilter %}", "there is no tag `filter`"),
        ("{% autoescape false %}{% endautoescape %}", "there is no tag `autoescape`"),
        ("{{ trigger.value", "this is no template: "),
        ("{% if x %}", "this is no template: "),
        ("{{ }}", "this is no template: "),
        ("{{ 1 + }}", "this is no template: "),
        ("{% for x in trigger.owners %}{{ x }}{% endfor %}{{ x }}", "`x` is not defined"),
    ] {
        let faults = found(source);
        assert!(faults.iter().any(|fault| fault.starts_with(expected)), "{source}: {faults:?}");
    }
    for sound in [
        "{% for x in trigger.owners %}{{ x }}{{ loop.last }}{% endfor %}",
        "{% set x = trigger.value %}{{ x }}",
        "{% with x = run.id %}{{ x }}{% endwith %}",
        "{{ range(3) | list }}{{ dict(a=1) }}",
        "{{ trigger.is }}{{ 'x|y is odd' }}".replace("trigger.is", "trigger.id").as_str(),
        "{{ 'a' if trigger.value is odd else 'b' }}",
        "{{ trigger.value is not none }}",
    ] {
        assert_eq!(found(sound), [""; 0], "{sound}");
    }
    assert!(found(&format!("{{{{ 1 }}}}{}", " ".repeat(64 << 10)))[0].contains("over the limit"));
}

#[test]
fn a_condition_is_one_expression_with_braces_or_without() {
    let condition = |source: &str| faults(source, true, &All);
    for sound in ["trigger.value > 5", "{{ trigger.value > 5 }}", " {{ trigger.value > 5 }} ", "not false"] {
        assert_eq!(condition(sound), [""; 0], "{sound}");
        let mut templates = Templates::new();
        let template = templates.add_condition(sound);
        assert_eq!(templates.render(&template, &scope(), &mut Budget::new()), Ok(json!(true)), "{sound}");
    }
    for wrong in
        ["", "{{ a }}{{ b }}", "{{ trigger.value", "1 }} {{ 2", "{% if x %}", "x {{ trigger.value }}", "a b"]
    {
        assert!(!condition(wrong).is_empty(), "{wrong}");
    }
}

#[test]
fn a_template_that_makes_too_much_or_never_ends_is_ended() {
    let nested = |depth: usize| format!("{{{{ {}1{} }}}}", "(".repeat(depth), ")".repeat(depth));
    for source in [
        "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}".to_owned(),
        "{% for a in range(100000) %}xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx{% endfor %}".to_owned(),
        "{{ 'x' * 1000000000 }}".to_owned(),
        "{{ ('x' * 300000) }}!".to_owned(),
        "{{ [1] * 1000000000 }}".to_owned(),
        "{{ range(1000000000) | list }}".to_owned(),
        "{{ range(1000000000) | join }}".to_owned(),
        "{{ '%1000000000d' | format(1) }}".to_owned(),
        "{{ 'x' | indent(1000000000, true) }}".to_owned(),
        "{{ [1] | batch(1000000000, 0) | list }}".to_owned(),
        "{{ [1] | tojson(indent=1000000000) }}x".to_owned(),
        "{{ ['x' * 1000] * 1000 | tojson }}".to_owned(),
        "{{ [1] | slice(1000000000) | list }}".to_owned(),
        "{{ [1] | slice(1000000000, 0) | list }}x".to_owned(),
        "{{ range(10000) | join('x' * 10000) }}".to_owned(),
        "{{ ('x' * 3000) | replace('', 'y' * 3000) }}".to_owned(),
        "{{ ('x,' * 100000) | split(',') | sort | unique | list }}".to_owned(),
        "{{ [[1] * 1000] * 1000 }}".to_owned(),
        "{% for a in range(1000) %}{% set x = range(1000) | list | sort %}{% endfor %}".to_owned(),
        "{% for a in range(9999) %}{{ loop.cycle('x' * 99, 'y' * 99) }}{% endfor %}".to_owned(),
        "{{ 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' | replace('a', 'b' * 100000) }}".to_owned(),
        "{{ 10 ** 1000 ** 1000 }}".to_owned(),
        "{{ 9223372036854775807 ** 4 }}".to_owned(),
        "{{ 1 / 0 }}".to_owned(),
        "{{ 1.0e308 * 10 }}".to_owned(),
        "x{{ 1.0e308 * 10 }}".to_owned(),
        "{% for x in [[1]] recursive %}{{ loop([[1]]) }}{% endfor %}".to_owned(),
        "{% set x = 'x' * 100000 %}{{ [x, x, x, x] }}".to_owned(),
        nested(10_000),
        format!("{{{{ {}1 }}}}", "-".repeat(50_000)),
        format!("{{{{ {}1 }}}}", "not ".repeat(10_000)),
        format!("{{{{ 1{} }}}}", "|abs".repeat(15_000)),
        format!("{{{{ 1{} }}}}", " + 1".repeat(15_000)),
        format!("{{{{ {}1{} }}}}", "[".repeat(10_000), "]".repeat(10_000)),
        "{{ '".to_owned() + &"{".repeat(60_000),
        "{%".repeat(30_000),
        format!("{{% if 0 %}}{}{{% endif %}}", "{% elif 1 %}".repeat(4_000)),
        format!("{}{}", "{% if 1 %}".repeat(3_000), "{% endif %}".repeat(3_000)),
        format!("{{{{ 1{} }}}}", "[0]".repeat(10_000)),
        format!("{{{{ trigger{} }}}}", ".id".repeat(10_000)),
        format!("{{{{ 1{} }}}}", " if 1 else 1".repeat(4_000)),
        format!("{{{{ {}1 }}}}", "1 and ".repeat(10_000)),
        format!("{{{{ 1{} }}}}", " ~ 1".repeat(10_000)),
        "{{".repeat(30_000),
    ] {
        let shown: String = source.chars().take(60).collect();
        let faults = found(&source);
        let result = plain(&source);
        assert!(!faults.is_empty() || result.is_err(), "{shown}: {result:?}");
    }
    // As long as may be, each in its own way: all they may not do is overflow the stack.
    for source in [
        format!("{{{{ 1{} }}}}", " + 1".repeat(249)),
        format!("{{{{ 1{} }}}}", "|abs".repeat(249)),
        format!("{{{{ {}1 }}}}", "1 and ".repeat(249)),
        format!("{{{{ 1{} }}}}", " if 1 else 1".repeat(124)),
        format!("{{% if 0 %}}{}{{% endif %}}x", "{% elif 1 %}".repeat(498)),
    ] {
        assert_eq!(found(&source), [""; 0]);
        let _ = plain(&source);
    }
}

#[test]
fn the_limit_of_bytes_is_that_of_one_input_in_all() {
    let mut templates = Templates::new();
    let half = templates.add("{{ 'x' * 150000 }}y", Escape::None);
    let mut budget = Budget::new();
    assert!(templates.render(&half, &scope(), &mut budget).is_ok());
    assert_eq!(templates.render(&half, &scope(), &mut budget), Err(json::too_much()));
}

#[test]
fn a_broken_template_says_so_when_it_is_rendered() {
    assert!(plain("{{ 1 + }}").is_err());
    assert!(plain("{{ trigger.owners | shout }}").unwrap_err().contains("shout"));
}
