//! Real messages to a real mail server (`aiosmtpd`) on the loopback, read back by Python's `email`.
//! Skipped unless `TRIPLINE_PYTHON` names a Python that has it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use chrono::DateTime;
use notify::Smtp;
use serde_json::{Value, json};
use tripline::action::{Action, ActionContext, ActionError, ErrorClass, Secret};
use tripline::builtin::Notice;
use tripline::builtin::email::{Mail, Mailbox, SmtpMail};

struct Sink {
    child: Child,
    lines: BufReader<ChildStdout>,
    port: u16,
}

impl Sink {
    fn start(how: &str) -> Option<Self> {
        Self::start_with(how, None)
    }

    fn start_with(how: &str, certificate: Option<&Path>) -> Option<Self> {
        let Some(python) = std::env::var_os("TRIPLINE_PYTHON") else {
            println!("skipped: TRIPLINE_PYTHON is not set");
            return None;
        };
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sink.py");
        let mut command = Command::new(python);
        command
            .args(["-W", "ignore", script, how])
            .args(certificate)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        let mut sink = Self { child, lines, port: 0 };
        sink.port = sink.line().trim().parse().unwrap();
        Some(sink)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line
    }

    fn message(&mut self) -> Value {
        serde_json::from_str(&self.line()).unwrap()
    }

    /// Ends it, and gives what it still has to say.
    fn end(mut self) -> String {
        drop(self.child.stdin.take());
        let line = self.line();
        self.child.wait().unwrap();
        line
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn action(port: u16) -> SmtpMail<Smtp> {
    let from = Mailbox::new("alerts@contoso.example").unwrap().with_name("Contoso, Alarme é").unwrap();
    SmtpMail::new(from, Smtp::new("127.0.0.1", port).without_tls())
}

async fn send(port: u16, to: &[&str]) -> Result<Value, ActionError> {
    let notice = Notice::new("Überschreitung: 客户 > 1.000").with_text("Erste Zeile\n.\n..\nFrom hier");
    let mail = to.iter().fold(Mail::new(notice), |mail, to| mail.with_to(*to));
    action(port).run(&ActionContext::new(DateTime::UNIX_EPOCH, "d-17"), mail).await
}

#[tokio::test]
async fn a_message_arrives_whole_and_is_read_back() {
    let Some(mut sink) = Sink::start("takes") else { return };
    let output = send(sink.port, &["Ana Müller <ana@contoso.example>", "bob@contoso.example"]).await.unwrap();
    assert_eq!(output, json!({"messageId": "<d-17@contoso.example>"}));
    let read = sink.message();
    let to = json!(["ana@contoso.example", "bob@contoso.example"]);
    assert_eq!(read["envelope"], json!(["alerts@contoso.example", to]));
    assert_eq!((&read["to"], &read["bcc"], &read["defects"]), (&to, &Value::Null, &json!([])));
    assert_eq!(read["from"], json!(["Contoso, Alarme é", "alerts@contoso.example"]));
    assert_eq!(read["subject"], "Überschreitung: 客户 > 1.000");
    assert_eq!(read["messageId"], "<d-17@contoso.example>");
    assert!(read["text"].as_str().unwrap().contains("Erste Zeile\n.\n..\nFrom hier"), "{read}");
    assert!(read["html"].as_str().unwrap().contains("客户 &gt; 1.000"), "{read}");
    let mail =
        Mail::new(Notice::new("Überschreitung: 客户 > 1.000").with_text("Erste Zeile\n.\n..\nFrom hier"));
    let mail = mail.with_to("Ana Müller <ana@contoso.example>").with_to("bob@contoso.example");
    let sent = action(0).message(&ActionContext::new(DateTime::UNIX_EPOCH, "d-17"), &mail).unwrap();
    assert_eq!(read["bytes"], sent.bytes().len(), "not a byte more or less");
    assert_eq!(sink.end(), "");
}

#[tokio::test]
async fn one_recipient_that_is_refused_keeps_it_from_all() {
    let Some(sink) = Sink::start("refuses") else { return };
    let error = send(sink.port, &["ana@contoso.example", "nobody@contoso.example"]).await.unwrap_err();
    assert!(error.is_permanent() && !error.is_outcome_unknown(), "{error:?}");
    assert!(error.reason().contains("550") && error.reason().contains("no such user"), "{error:?}");
    assert_eq!(sink.end(), "");
}

#[tokio::test]
async fn what_the_server_says_or_does_not_say_decides_what_comes_next() {
    let Some(busy) = Sink::start("busy") else { return };
    let error = send(busy.port, &["ana@contoso.example"]).await.unwrap_err();
    assert!(
        error.is_transient() && !error.is_outcome_unknown() && error.reason().contains("451"),
        "{error:?}"
    );
    let Some(hangs) = Sink::start("hangs") else { return };
    let error = send(hangs.port, &["ana@contoso.example"]).await.unwrap_err();
    assert!(error.is_transient() && error.is_outcome_unknown(), "{error:?}");
}

#[tokio::test]
async fn without_a_server_nothing_was_sent() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = send(port, &["ana@contoso.example"]).await.unwrap_err();
    assert!(error.is_transient() && !error.is_outcome_unknown(), "{error:?}");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up_and_nothing_was_sent() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let now = DateTime::UNIX_EPOCH;
    let ctx = ActionContext::new(now, "d-17").with_deadline(now + std::time::Duration::from_millis(200));
    let mail = Mail::new(Notice::new("t")).with_to("c@d.example");
    let error = action(silent.local_addr().unwrap().port()).run(&ctx, mail).await.unwrap_err();
    assert!(error.is_transient() && !error.is_outcome_unknown(), "{error:?}");
    assert!(error.reason().ends_with("it took too long before the message was sent"), "{error:?}");
}

/// A certificate for a name that trusts itself, and the file with its key too that a server reads.
struct Certificate {
    pem: String,
    file: PathBuf,
}

impl Certificate {
    fn of(name: &str) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        let pem = made.cert.pem();
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let file = std::env::temp_dir().join(format!("notify-{}-{number}.pem", std::process::id()));
        std::fs::write(&file, made.signing_key.serialize_pem() + &pem).unwrap();
        Self { pem, file }
    }
}

impl Drop for Certificate {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

/// Sends a message to `localhost` over TLS, with a login.
async fn send_over_tls(port: u16, root: Option<&Certificate>, password: &str) -> Result<Value, ActionError> {
    let smtp = Smtp::new("localhost", port).with_login("ana", Secret::new(password));
    let smtp = match root {
        Some(root) => smtp.with_root(root.pem.as_bytes()).unwrap(),
        None => smtp,
    };
    let action = SmtpMail::new(Mailbox::new("a@b.example").unwrap(), smtp);
    let mail = Mail::new(Notice::new("Over TLS")).with_to("c@d.example");
    action.run(&ActionContext::new(DateTime::UNIX_EPOCH, "d-17"), mail).await
}

#[tokio::test]
async fn over_starttls_a_message_and_a_login_arrive() {
    let certificate = Certificate::of("localhost");
    let Some(mut sink) = Sink::start_with("takes", Some(&certificate.file)) else { return };
    send_over_tls(sink.port, Some(&certificate), "CANARY").await.unwrap();
    let read = sink.message();
    assert_eq!(read["subject"], "Over TLS");
    assert_eq!((&read["tls"], &read["login"]), (&json!(true), &json!(true)), "{read}");
    let error = send_over_tls(sink.port, Some(&certificate), "wrong-CANARY").await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::AuthExpired, "{error:?}");
    assert!(error.reason().contains("535") && !format!("{error:?}").contains("CANARY"), "{error:?}");
    assert_eq!(sink.end(), "");
}

#[tokio::test]
async fn a_certificate_that_is_not_the_servers_is_refused_and_nothing_was_sent() {
    let (own, other) = (Certificate::of("localhost"), Certificate::of("mail.contoso.example"));
    for (of_server, root, fault) in [
        (&own, None, "UnknownIssuer"),
        (&own, Some(&other), "invalid peer certificate"),
        (&other, Some(&other), "not valid for name"),
    ] {
        let Some(sink) = Sink::start_with("takes", Some(&of_server.file)) else { return };
        let error = send_over_tls(sink.port, root, "CANARY").await.unwrap_err();
        assert!(error.is_transient() && !error.is_outcome_unknown(), "{error:?}");
        assert!(error.reason().contains(fault), "{fault}: {error:?}");
        assert_eq!(sink.end(), "");
    }
    let Err(error) = Smtp::new("localhost", 25).with_root(b"no certificate") else { panic!("it is none") };
    assert!(error.to_string().contains("certificate"), "{error}");
}

#[tokio::test]
async fn what_somebody_adds_before_tls_begins_is_no_answer() {
    let certificate = Certificate::of("localhost");
    let Some(sink) = Sink::start_with("injects", Some(&certificate.file)) else { return };
    let error = send_over_tls(sink.port, Some(&certificate), "CANARY").await.unwrap_err();
    assert!(error.is_transient() && !error.is_outcome_unknown(), "{error:?}");
    assert!(error.reason().contains("more than it is asked for"), "{error:?}");
    assert_eq!(sink.end(), "");
}

#[tokio::test]
async fn a_server_that_does_not_wait_for_the_message_gets_none() {
    let Some(sink) = Sink::start("muddles") else { return };
    let error = send(sink.port, &["ana@contoso.example"]).await.unwrap_err();
    assert!(error.is_permanent() && !error.is_outcome_unknown(), "{error:?}");
    assert!(error.reason().contains("250"), "{error:?}");
    assert_eq!(sink.end(), "");
}

#[tokio::test]
async fn a_server_that_never_ends_its_line_is_cut_off() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let mut sent = 0;
        while sent < 64 << 20 && connection.write_all(&[b'2'; 4096]).is_ok() {
            sent += 4096;
        }
        sent
    });
    let error = send(port, &["ana@contoso.example"]).await.unwrap_err();
    assert!(error.is_transient() && !error.is_outcome_unknown(), "{error:?}");
    assert!(error.reason().contains("more than it is asked for"), "{error:?}");
    assert!(server.join().unwrap() < 64 << 20, "it was read to its end");
}

#[tokio::test]
async fn without_starttls_nothing_is_sent_where_it_is_wanted_and_a_password_is_not_shown() {
    let Some(sink) = Sink::start("takes") else { return };
    let smtp = Smtp::new("127.0.0.1", sink.port).with_login("ana", Secret::new("CANARY"));
    assert!(!format!("{smtp:?}").contains("CANARY"));
    let action = SmtpMail::new(Mailbox::new("a@b.example").unwrap(), smtp);
    let mail = Mail::new(Notice::new("t")).with_to("c@d.example");
    let error = action.run(&ActionContext::new(DateTime::UNIX_EPOCH, "d-17"), mail).await.unwrap_err();
    assert!(!error.is_outcome_unknown() && !format!("{error:?}").contains("CANARY"), "{error:?}");
    assert_eq!(sink.end(), "");
}

#[test]
fn the_program_sends_both_ways() {
    let Some(mut sink) = Sink::start("takes") else { return };
    let server = tiny_http::Server::http("127.0.0.1:0").unwrap();
    let url = format!("http://{}/invoke?sig=CANARY", server.server_addr().to_ip().unwrap());
    let answers = std::thread::spawn(move || {
        let request = server.recv().unwrap();
        request.respond(tiny_http::Response::empty(202)).unwrap();
    });
    let output = Command::new(env!("CARGO_BIN_EXE_notify"))
        .args(["--teams-url", &url, "--smtp", &format!("127.0.0.1:{}", sink.port), "--allow-loopback"])
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && !printed.contains("CANARY"), "{printed}");
    let title = "Refresh of data source \"CRM contacts\" failed";
    assert_eq!(printed, format!("accepted: Teams: {title}\naccepted: mail: {title}\n"));
    assert_eq!(sink.message()["subject"], title);
    answers.join().unwrap();
}
