//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;
use tripline::builtin::customer_insights;

/// A connector that Power Automate can subscribe to. Without --journal it is a demo: everything is made up, and gone at
/// its end.
#[derive(Debug, Parser)]
#[command(version, args_override_self = true)]
pub struct Args {
    /// Where everything is written down; made where it is not there
    #[arg(long, value_name = "DIR", requires = "keys")]
    pub journal: Option<PathBuf>,
    /// Who may do what: see the head of keys.rs; in a demo two keys are made up and printed
    #[arg(long, value_name = "FILE")]
    pub keys: Option<PathBuf>,
    /// 64 random bytes in hex, from which ids and signatures are made and what is sealed is sealed; made at the first start
    /// [default: the journal's folder with .secrets behind it]
    #[arg(long, value_name = "FILE")]
    pub secrets: Option<PathBuf>,
    /// Where it listens, with plain HTTP: TLS is the business of the proxy before it; port 0 is any that is free
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Where subscribers find it, as it stands in the URLs that they are given [default: /v1 of where it listens]
    #[arg(long, value_name = "URL")]
    pub base_url: Option<String>,
    /// What is watched beside what subscribers ask for: a file of triggers, whose firings are printed, a line of JSON each
    #[arg(long, value_name = "FILE")]
    pub triggers: Option<PathBuf>,
    /// Events to begin with: a file of CloudEvents, a line each; those that were seen before change nothing
    #[arg(long, value_name = "FILE")]
    pub events: Option<PathBuf>,
    /// Everyone on this machine may look at the page and the metrics without a key; it must listen on a loopback address, and no proxy
    /// may lead there
    #[arg(long)]
    pub open: bool,
    /// Remembers why events made nothing fire, to be shown on the page; each event then costs a look at each trigger
    #[arg(long)]
    pub explain: bool,
    /// Where Customer Insights is
    #[arg(long, value_name = "URL", default_value = customer_insights::BASE)]
    pub customer_insights: String,
    /// Where Microsoft Graph is, by which a message is posted to a channel of Teams
    #[arg(long, value_name = "URL", default_value = "https://graph.microsoft.com/v1.0")]
    pub graph: String,
    /// Callbacks may lead to this host alone, or with a dot before it to all below it; may be said several times
    #[arg(long = "callback-host", value_name = "HOST")]
    pub callback_hosts: Vec<String>,
    /// For tests: callbacks may lead to this machine, over http and to any port, so that whoever may subscribe can
    /// reach all that listens here
    #[arg(long)]
    pub allow_loopback: bool,
    /// How long what is under way may take at the end, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0)]
    pub grace: f64,
    /// After how many batches a snapshot is put, and what is before it goes
    #[arg(long, value_name = "BATCHES", default_value_t = 10_000)]
    pub checkpoint: u64,
}
