//! The deployment as a picture: the client with its worker, the tunnel, the server with its services, each with what its
//! checks say. It is as narrow as a telephone.

use maud::{Markup, html};

use crate::check::Category;
use crate::fact::Vantage;
use crate::profile::Origin;
use crate::report::{Answer, Outcome, Report};

/// What the checks of one part say together, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
enum State {
    Failed,
    Warning,
    NotSeen,
    Ok,
    /// Nobody looked, or nothing applies.
    None,
}

impl State {
    fn of(answer: &Answer) -> Self {
        match answer {
            Answer::Root { .. } | Answer::Explained { .. } => Self::Failed,
            Answer::Warns(_) => Self::Warning,
            Answer::Unseen(_) => Self::NotSeen,
            Answer::Holds | Answer::Despite(_) | Answer::Notes(_) => Self::Ok,
            Answer::NotApplicable(_) => Self::None,
        }
    }

    fn class(self) -> &'static str {
        self.into()
    }
}

/// One part of the deployment: its state, and what is said of it in a line.
struct Part {
    name: &'static str,
    state: State,
    says: String,
}

impl Part {
    fn of(report: &Report, name: &'static str, belongs: impl Fn(&Outcome) -> bool) -> Self {
        let own: Vec<&Outcome> = report.outcomes.iter().filter(|outcome| belongs(outcome)).collect();
        let state = own.iter().map(|outcome| State::of(&outcome.answer)).min().unwrap_or(State::None);
        let count = |wanted: State| own.iter().filter(|outcome| State::of(&outcome.answer) == wanted).count();
        let root = own.iter().find(|outcome| matches!(outcome.answer, Answer::Root { .. }));
        let says = match (state, root.and_then(|root| root.found())) {
            (State::Failed, Some(diagnosis)) => short(&diagnosis.code),
            (State::Failed, None) => format!("{} explained", count(state)),
            (State::Warning, _) if count(state) == 1 => "1 warning".to_owned(),
            (State::Warning, _) => format!("{} warnings", count(state)),
            (State::NotSeen, _) => format!("{} not seen", count(state)),
            (State::Ok, _) => format!("{} OK", count(state)),
            (State::None, _) => "not checked".to_owned(),
        };
        Self { name, state, says }
    }

    /// Its box, with the name above and the words below.
    fn draw(&self, x: u32, y: u32, width: u32) -> Markup {
        html! {
            g {
                rect class={ "svg-inner stroke-" (self.state.class()) } x=(x) y=(y) width=(width) height="44" rx="5" {}
                text class="svg-text svg-bold" x=(x + 8) y=(y + 18) { (self.name) }
                text class={ "svg-text svg-small fill-" (self.state.class()) } x=(x + 8) y=(y + 35) { (self.says) }
            }
        }
    }
}

/// What a box has room for.
const ROOM: usize = 40;

fn short(text: &str) -> String {
    if text.chars().count() <= ROOM { text.to_owned() } else { text.chars().take(ROOM - 1).chain(['…']).collect() }
}

pub(super) fn picture(report: &Report) -> Markup {
    let at_client = |vantage: Vantage| matches!(vantage, Vantage::Client | Vantage::Container);
    let of = |category: Category| move |outcome: &Outcome| outcome.category == category;
    let worker = Part::of(report, "Worker", |it| {
        matches!(it.category, Category::Worker | Category::Queue | Category::Delivery) && at_client(it.vantage)
    });
    let own_firewall = Part::of(report, "Firewall", |it| it.category == Category::Firewall && at_client(it.vantage));
    let tunnel = Part::of(report, "WireGuard tunnel", of(Category::Tunnel));
    let firewall = Part::of(report, "Firewall", |it| it.category == Category::Firewall && !at_client(it.vantage));
    let redis = Part::of(report, "Redis", of(Category::Redis));
    let postgres = Part::of(report, "PostgreSQL", of(Category::Postgres));
    let web = Part::of(report, "Web app", |it| {
        it.category == Category::Api
            || matches!(it.category, Category::Worker | Category::Queue | Category::Delivery) && !at_client(it.vantage)
    });
    let parts = [&worker, &own_firewall, &tunnel, &firewall, &redis, &postgres, &web];
    let described = parts.map(|part| format!("{}: {}", part.name, part.says)).join("; ");
    html! {
        svg class="picture" viewBox="0 0 360 474" role="img" aria-label=(format!("The deployment. {described}")) {
            rect class="svg-box" x="1" y="1" width="358" height="142" rx="8" {}
            text class="svg-text svg-bold" x="14" y="24" { (title(report, Vantage::Client)) }
            (worker.draw(14, 36, 332))
            (own_firewall.draw(14, 88, 332))
            line class={ "stroke-" (tunnel.state.class()) } x1="180" y1="143" x2="180" y2="162" stroke-width="4" {}
            (tunnel.draw(60, 162, 240))
            line class={ "stroke-" (tunnel.state.class()) } x1="180" y1="206" x2="180" y2="225" stroke-width="4" {}
            rect class="svg-box" x="1" y="225" width="358" height="248" rx="8" {}
            text class="svg-text svg-bold" x="14" y="248" { (title(report, Vantage::Server)) }
            (firewall.draw(14, 260, 332))
            (redis.draw(14, 312, 332))
            (postgres.draw(14, 364, 332))
            (web.draw(14, 416, 332))
        }
    }
}

/// What a machine is called, and its address in the tunnel as far as that is known.
fn title(report: &Report, vantage: Vantage) -> String {
    let here: Vec<_> = report.hosts.iter().filter(|host| host.vantage == vantage).collect();
    let name = if vantage == Vantage::Server { "Server" } else { "Client" };
    let addresses = here.first().copied().or(report.hosts.first()).map(|host| &host.addresses);
    let several = report.hosts.iter().any(|host| host.several_clients) || here.len() > 1;
    match (addresses, vantage) {
        (_, Vantage::Client) if several => "Several clients".to_owned(),
        (Some(addresses), _) => {
            let end = if vantage == Vantage::Server { &addresses.server } else { &addresses.client };
            let guide = if end.origin == Origin::Assumed { " (the guide's)" } else { "" };
            format!("{name} {}{guide}", end.value)
        }
        (None, _) => name.to_owned(),
    }
}
