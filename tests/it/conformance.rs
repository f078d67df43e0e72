//! Actions that are right pass the suite: closures, wrappers, logins, several requests, and those of the documentation.

use http::header::CONTENT_TYPE;
use http::{HeaderName, Request, Response};
use serde_json::{Value, json};
use tripline::action::{
    Action, ActionContext, ActionError, Caller, ClientCredentials, Credential, DynAction, Effect, ErrorClass,
    Field, HttpAction, HttpRequest, Login, Metadata, OverHttp, Secret, SecretRef, SecretUrl, TokenEndpoint,
    action_fn, async_trait, read_json,
};
use tripline::testing::{CANARY, Capabilities, Check, ScriptedTransport, conformance};

#[derive(Debug, Clone)]
struct PostNote;

#[derive(serde::Deserialize)]
struct Note {
    board: String,
    text: String,
}

impl HttpAction for PostNote {
    type Input = Note;
    type Output = Value;

    fn metadata(&self) -> Metadata {
        Metadata::new("postNote")
            .with_effect(Effect::Guarded)
            .with_input(Field::string("board").with_default("kitchen"))
            .with_input(Field::string("text").with_required(true).with_max_length(280))
            .with_output(Field::integer("note"))
            .with_sample(json!({"board": "hall", "text": "VIPs passed 1,000"}), json!({"note": 17}))
    }

    fn encode(&self, ctx: &ActionContext, note: &Note) -> Result<Request<Vec<u8>>, ActionError> {
        HttpRequest::post("https://api.example.com/boards")
            .with_segment("board", &note.board)
            .with_segment("", "notes")
            .with_header("idempotency-key", "", ctx.idempotency_key())
            .with_json(&json!({"text": note.text}))
            .build()
    }

    fn decode(&self, _: &ActionContext, response: Response<Vec<u8>>) -> Result<Value, ActionError> {
        read_json(&response)
    }
}

#[test]
fn an_action_over_http_conforms() {
    let report = conformance(|transport| OverHttp::new(PostNote, transport), Capabilities::new());
    report.assert();
    assert_eq!(report.to_string(), "postNote conforms in 18 checks");
}

#[test]
fn an_action_with_logins_conforms_and_shows_no_secret() {
    let make = |transport: ScriptedTransport| {
        OverHttp::new(PostNote, transport)
            .with_login(Credential::bearer(SecretRef::named("token")))
            .with_login(Credential::header(HeaderName::from_static("x-key"), Secret::new(CANARY)))
            .with_login(Credential::basic("us", SecretRef::named("password")))
    };
    conformance(make, Capabilities::new().with_debug()).assert();
}

#[test]
fn a_token_endpoint_conforms_with_its_login_as_an_aside() {
    let is_login = |request: &Request<Vec<u8>>| request.uri().host() == Some("login.example.com");
    let make = |transport: ScriptedTransport| {
        let url = SecretUrl::new("https://login.example.com/token").unwrap();
        let app = ClientCredentials::new(url, "app-1", Secret::new(CANARY));
        let login = Login::new(Credential::client_credentials(app))
            .with_refresh(TokenEndpoint::new(transport.clone()));
        OverHttp::new(PostNote, transport).with_login(login)
    };
    let capabilities = Capabilities::new().with_debug().with_aside(is_login).with_service(move |request| {
        let body = match is_login(request) {
            true => json!({"access_token": CANARY, "token_type": "Bearer", "expires_in": 3600}),
            false => json!({"note": 17}),
        };
        Response::new(body.to_string().into_bytes())
    });
    conformance(make, capabilities).assert();
}

#[test]
fn what_is_erased_conforms_as_what_it_was() {
    let make = |transport| DynAction::new(OverHttp::new(PostNote, transport));
    conformance(make, Capabilities::new().with_debug()).assert();
}

#[test]
fn closures_conform_with_and_without_a_request() {
    let metadata = Metadata::new("greet").with_input(Field::string("name").with_required(true));
    let greet = |_| {
        action_fn(metadata.clone(), |_, input: Value| async move { Ok(format!("hello, {}", input["name"])) })
    };
    let report = conformance(greet, Capabilities::new().with_input(json!({"name": "Ana"})));
    report.assert();
    assert!(report.checked().all(|check| check != Check::Statuses), "it sends nothing");

    // Unsafe, and so without a key: nobody tries it again unasked.
    let metadata =
        Metadata::new("ring").with_input(Field::integer("times").with_range(1.0, 9.0).with_required(true));
    let ring = |transport: ScriptedTransport| {
        let caller = std::sync::Arc::new(Caller::new(transport));
        action_fn(metadata.clone(), move |ctx, input: Value| {
            let caller = caller.clone();
            async move {
                let request = HttpRequest::post("https://bell.example.com/").with_json(&input).build()?;
                caller.call(&ctx, request).await.map(drop)
            }
        })
    };
    conformance(ring, Capabilities::new().with_input(json!({"times": 3}))).assert();
}

/// Reads what is there, and then writes: two requests, of which the second changes something.
struct Append(Caller<ScriptedTransport>);

#[async_trait]
impl Action for Append {
    type Input = Value;
    type Output = ();

    fn metadata(&self) -> Metadata {
        Metadata::new("append")
            .with_effect(Effect::Guarded)
            .with_input(Field::string("line").with_required(true))
            .with_sample(json!({"line": "x"}), json!(null))
    }

    async fn run(&self, ctx: &ActionContext, input: Value) -> Result<(), ActionError> {
        let url = "https://files.example.com/log";
        let before = self.0.call(ctx, HttpRequest::get(url).build()?).await?;
        let mut lines = before.into_body();
        lines.extend_from_slice(input["line"].to_string().as_bytes());
        let write = HttpRequest::new(http::Method::PUT, url)
            .with_header("idempotency-key", "", ctx.idempotency_key())
            .with_body("text/plain", lines);
        self.0.call(ctx, write.build()?).await.map(drop)
    }
}

#[test]
fn every_request_of_several_is_tried() {
    let capabilities = || Capabilities::new().with_service(|_| Response::new(b"before ".to_vec()));
    conformance(|transport| Append(Caller::new(transport)), capabilities()).assert();
}

/// Deletes; what is not there is as good as deleted.
struct Delete;

impl HttpAction for Delete {
    type Input = Value;
    type Output = ();

    fn metadata(&self) -> Metadata {
        Metadata::new("delete")
            .with_effect(Effect::Idempotent)
            .with_input(Field::string("item").with_required(true))
            .with_sample(json!({"item": "17"}), json!(null))
    }

    fn encode(&self, _: &ActionContext, input: &Value) -> Result<Request<Vec<u8>>, ActionError> {
        let item = input["item"].as_str().unwrap_or_default();
        HttpRequest::new(http::Method::DELETE, "https://api.example.com/items")
            .with_segment("item", item)
            .build()
    }

    fn decode(&self, _: &ActionContext, _: Response<Vec<u8>>) -> Result<(), ActionError> {
        Ok(())
    }

    fn explain(&self, _: &ActionContext, response: &Response<Vec<u8>>, error: ActionError) -> ActionError {
        if response.status() == 423 || response.status() == 409 {
            ActionError::transient("it is locked")
        } else {
            error
        }
    }

    fn needs_whole_answer(&self) -> bool {
        false
    }
}

#[test]
fn a_service_may_mean_something_of_its_own_by_a_status() {
    let make = |transport| OverHttp::new(Delete, transport);
    let report = conformance(make, Capabilities::new());
    let found: Vec<&str> = report.findings().iter().map(|finding| finding.message()).collect();
    assert_eq!(found.len(), 1, "{report}");
    assert!(found[0].starts_with("status 409 is Transient"), "{report}");
    conformance(make, Capabilities::new().with_class(409, ErrorClass::Transient)).assert();
}

/// Speaks mail, as an adapter lets it speak over the suite's transport.
#[test]
fn a_mail_with_a_subject_that_breaks_its_header_is_caught() {
    let metadata = Metadata::new("mail")
        .with_input(Field::string("subject").with_required(true))
        .with_sample(json!({"subject": "VIPs"}), json!(null));
    let mail = |is_careful: bool| {
        let metadata = metadata.clone();
        move |transport: ScriptedTransport| {
            let caller = std::sync::Arc::new(Caller::new(transport));
            action_fn(metadata.clone(), move |ctx, input: Value| {
                let caller = caller.clone();
                async move {
                    let subject = input["subject"].as_str().unwrap_or_default();
                    if is_careful && subject.chars().any(char::is_control) {
                        return Err(ActionError::invalid_input("subject", "holds a control character"));
                    }
                    let mail = format!("Subject: {subject}\r\n\r\nhello");
                    let mut request =
                        Request::post("https://smtp.example.com/").body(mail.into_bytes()).unwrap();
                    request.headers_mut().insert(CONTENT_TYPE, "message/rfc822".parse().unwrap());
                    caller.call(&ctx, request).await.map(drop)
                }
            })
        }
    };
    conformance(mail(true), Capabilities::new()).assert();
    let report = conformance(mail(false), Capabilities::new());
    let found: Vec<String> = report.findings().iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [r#"injection: subject with "\r\nx-tripline-evil: 1" behind it: it makes a header of its own"#]
    );
}
