//! `maintenance window add`: plans a time.

use clap::Args;
use jiff::{SignedDuration, Timestamp};

use super::{New, view};
use crate::cli::directory::Directory;
use crate::cli::exit::{Exit, Usage};
use crate::cli::time::{self, LocalTime, Until};
use crate::cli::{Context, open, text};
use crate::clock;
use crate::schedule::{ClockChange, Moment, Repeat, Schedule};
use crate::site::{self, Site};
use crate::window::{Window, WindowId};

const EXAMPLES: &str = "\
Examples:
  maintenance window add forum --start \"2026-11-22 02:00\" --for 1h --name \"Database upgrade\"
  maintenance window add forum shop --start 02:00 --end 03:30 --notice 30m --message \"Back at {end}.\"
  maintenance window add forum --start 02:00 --for 1h --drain 15m
  maintenance window add --all --start 2026-11-22T02:00+01:00 --for 2h
  maintenance window add forum --repeat \"0 2 * * SUN\" --for 90m --zone Europe/Berlin
  maintenance window add forum --repeat \"0 2 * * *\" --for 1h --start 2027-02-01T00:00 --until 2027-02-28
";

/// How far ahead changes of clocks are pointed out.
const A_YEAR: SignedDuration = SignedDuration::from_hours(24 * 365);

/// Plans a time of maintenance, once or by a rule, for sites or for all
///
/// Several sites get a window each. Times are those of the site's zone unless --zone says otherwise or the time has an
/// offset. A time that the clock jumps over or shows twice is pointed out before it is saved.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Add {
    #[command(flatten)]
    new: New,

    /// When it begins: `02:00` (the next one), `2026-11-22 02:00`, or with an offset `2026-11-22T02:00+01:00`
    ///
    /// With --repeat: before when it never begins; now when not given.
    #[arg(long, value_name = "TIME", value_parser = LocalTime::parse, required_unless_present = "repeat")]
    start: Option<LocalTime>,

    /// When it ends; without --end and --for it lasts until `maintenance window end`
    #[arg(long, value_name = "TIME", value_parser = LocalTime::parse, conflicts_with_all = ["lasts", "repeat"])]
    end: Option<LocalTime>,

    /// How long it lasts, such as 90m or 2h
    #[arg(long = "for", visible_alias = "lasts", value_name = "DURATION", value_parser = time::duration)]
    lasts: Option<SignedDuration>,

    /// A cron expression of five fields for the beginnings: minute, hour, day of month, month, day of week
    ///
    /// Read on the clock of the zone: a weekly 02:00 stays 02:00 in summer and in winter. Needs --for.
    #[arg(long, value_name = "CRON", requires = "lasts")]
    repeat: Option<String>,

    /// When it stops to repeat: a day such as `2027-03-31`, which counts to its end, or a time as --start takes it
    #[arg(long, value_name = "DAY", value_parser = Until::parse, requires = "repeat")]
    until: Option<Until>,

    /// Zone of the times, such as Europe/Berlin; the site's when not given, UTC with --all
    #[arg(long, value_name = "AREA/CITY", value_parser = crate::cli::site::time_zone)]
    zone: Option<String>,

    /// How long before each start visitors are told, such as 30m; without it they never are
    ///
    /// What visitors are told is public: the notice on the site, /maintenance/status.json and the calendar at
    /// /maintenance/calendar.ics. The name is told to nobody.
    #[arg(long, value_name = "DURATION", value_parser = time::duration)]
    notice: Option<SignedDuration>,

    /// Say what would be planned; change nothing
    #[arg(long)]
    dry_run: bool,
}

pub fn run(context: &Context, args: &Add) -> anyhow::Result<Exit> {
    let console = &context.console;
    let store = open::existing(context)?;
    let directory = Directory::read(&store)?;
    let now = clock::now();
    let mut planned = Vec::new();
    for owner in args.new.owners(context, &directory)? {
        let (window, remarks) = args.window(owner, now)?;
        planned.push((owner, window, remarks));
    }
    for (owner, window, remarks) in &planned {
        for remark in remarks.iter().chain(&overlaps(&store, *owner, window, now)?) {
            console.warn(remark);
        }
    }
    let is_odd = planned.iter().any(|(.., remarks)| !remarks.is_empty());
    if is_odd && !args.new.yes && !args.dry_run {
        console.confirm("Plan it like this?", "--yes")?;
    }
    if args.dry_run {
        let lines: Vec<String> =
            planned.iter().map(|(owner, window, _)| told("Would plan", window, *owner, now)).collect();
        console.print(&lines.concat())?;
        return Ok(Exit::Done);
    }
    let windows = planned.into_iter().map(|(owner, window, _)| (owner, window)).collect();
    let undo = "Undo: maintenance undo\n";
    args.new
        .add(context, &store, windows, |(owner, window), now| format!("{}{undo}", told("Planned", window, *owner, now)))
}

impl Add {
    /// The window for one owner, and what is odd about its times.
    fn window(&self, owner: Option<&Site>, now: Timestamp) -> anyhow::Result<(Window, Vec<String>)> {
        let zone_name = self.zone.as_deref().or(owner.map(|site| site.time_zone.as_str())).unwrap_or("UTC");
        let zone = site::time_zone(zone_name)?;
        let mut remarks = Vec::new();
        let schedule = match (&self.repeat, self.start) {
            (Some(rule), start) => {
                let minutes = self.lasts.map_or(0, |lasts| lasts.as_mins());
                let from = start.map(|start| start.read(&zone, now, &mut remarks)).transpose()?.map(|start| start.at());
                let until = self.until.map(|until| until.read(&zone, from.unwrap_or(now), &mut remarks)).transpose()?;
                Schedule::Repeat(Repeat {
                    rule: rule.trim().to_owned(),
                    zone: zone_name.to_owned(),
                    minutes: u32::try_from(minutes).unwrap_or(u32::MAX),
                    from,
                    until,
                })
            }
            (None, Some(start)) => {
                let start = start.read(&zone, now, &mut remarks)?;
                let end = match (self.end, self.lasts) {
                    (Some(end), _) => Some(end.read(&zone, start.at(), &mut remarks)?),
                    (None, Some(lasts)) => Some(Moment::new(start.at().checked_add(lasts)?, zone)),
                    (None, None) => None,
                };
                Schedule::Once { start, end }
            }
            (None, None) => return Err(Usage("a window needs --start or --repeat".to_owned()).into()),
        };
        if let Ok(calendar) = schedule.calendar() {
            remarks.extend(calendar.clock_changes(now, now + A_YEAR).iter().map(clock_change));
        }
        if let Schedule::Once { end: Some(end), .. } = &schedule
            && end.at() <= now
        {
            return Err(Usage("nothing was planned: the window would be over already".to_owned()).into());
        }
        let window = Window { notice_minutes: self.notice.map_or(0, time::minutes), ..self.new.window(schedule) };
        if self.until.is_some() && window.calendar().is_ok_and(|calendar| window.after(&calendar, now).next().is_none())
        {
            return Err(Usage("nothing was planned: it never begins before --until".to_owned()).into());
        }
        Ok((window, remarks))
    }
}

fn clock_change(change: &ClockChange) -> String {
    match change {
        ClockChange::Skipped { clock, moved_to } => format!(
            "{} does not exist, because the clock jumps: the window begins at {} that day",
            clock.strftime("%Y-%m-%d %H:%M"),
            moved_to.clock().strftime("%H:%M")
        ),
        ClockChange::Twice { clock, .. } => format!(
            "{} comes twice, because the clock is put back: the window begins the first time",
            clock.strftime("%Y-%m-%d %H:%M")
        ),
    }
}

/// Other windows that cover one of the next times.
fn overlaps(
    store: &crate::storage::Store,
    owner: Option<&Site>,
    window: &Window,
    now: Timestamp,
) -> anyhow::Result<Vec<String>> {
    let (own, shared) = store.read(|reader| {
        let own = match owner {
            Some(site) => reader.record(site.id)?.map(|(record, _)| record.windows).unwrap_or_default(),
            None => Vec::new(),
        };
        Ok((own, reader.window_shared()?))
    })?;
    let mine = view::times(window, now, view::AHEAD);
    let others = own.iter().chain(shared.iter()).filter(|other| other.id != WindowId(0));
    let crossing = others.filter(|other| {
        let theirs = view::times(other, now, 100);
        mine.iter().any(|mine| theirs.iter().any(|theirs| mine.meets(theirs)))
    });
    Ok(crossing.map(|other| format!("it overlaps window-{}, {}", other.id, text::plain(&other.in_words()))).collect())
}

fn told(verb: &str, window: &Window, owner: Option<&Site>, now: Timestamp) -> String {
    let zone = window.schedule.zone();
    let times = view::times(window, now, view::AHEAD);
    let mut lines = match window.id {
        WindowId(0) => {
            let whom = owner.map_or("all sites", |site| site.domain.as_str());
            format!("{verb} a window on {whom}{}:\n", view::extent(window))
        }
        _ => format!("{verb} {}{}:\n", view::named(window, owner), view::extent(window)),
    };
    for time in &times {
        lines.push_str(&format!("  {}\n", view::span(time, &zone)));
    }
    if let Schedule::Repeat(repeat) = &window.schedule {
        let has_more = times.len() == view::AHEAD;
        match repeat.until_in_words() {
            Some(until) if has_more => lines.push_str(&format!("  and so on {until}\n")),
            Some(until) => lines.push_str(&format!("  {until}\n")),
            None => lines.push_str("  and so on\n"),
        }
    }
    lines
}
