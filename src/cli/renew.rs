//! `maintenance renew`: says that a deploy is still alive.

use clap::Args;
use jiff::SignedDuration;

use super::exit::Exit;
use super::lease::{View, told};
use super::{Context, actor, open, time};
use crate::cause::CauseId;
use crate::clock;
use crate::lease::LeaseId;

const EXAMPLES: &str = "\
Examples:
  maintenance on forum --lease 10m --on-expiry lift --name \"deploy 7\" --json
  maintenance renew lease-3 --lease 10m
  maintenance off forum --cause lease-3
";

/// Puts off the expiry of a lease
///
/// Fails when the lease is gone: somebody has ended it, or it was lifted because it was not renewed in time. What held
/// it must then not go on as if the site were closed.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Renew {
    /// Leases, such as lease-3
    #[arg(value_name = "CAUSE", required = true, value_parser = lease_id)]
    leases: Vec<LeaseId>,

    /// How long from now
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = time::duration)]
    lease: SignedDuration,

    /// Print a list of objects instead: id, site, domain, name, started_by, since, expires_at, on_expiry
    #[arg(long)]
    json: bool,
}

fn lease_id(text: &str) -> Result<LeaseId, String> {
    match text.parse() {
        Ok(CauseId::Lease(id)) => Ok(id),
        _ => Err("a lease is named lease-NUMBER; `maintenance status --json` has those that hold".to_owned()),
    }
}

pub fn run(context: &Context, args: &Renew) -> anyhow::Result<Exit> {
    let store = open::existing(context)?;
    let actions = open::actions(context, &store);
    let mut renewed = Vec::new();
    for id in &args.leases {
        renewed.push(actions.lease_renew(&actor::operator(), *id, args.lease)?.value);
    }
    if args.json {
        context.console.json(&renewed.iter().map(View::of).collect::<Vec<_>>())?;
    } else {
        let now = clock::now();
        let lines: String = renewed.iter().map(|leased| format!("Renewed {}.\n", told(leased, now))).collect();
        context.console.print(&lines)?;
    }
    Ok(Exit::Done)
}
