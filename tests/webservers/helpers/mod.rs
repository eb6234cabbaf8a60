//! What the tests need: the program, an application, a web server in front of both, and somebody who looks.

mod acceptance;
#[path = "../../integration/helpers/browser.rs"]
#[allow(dead_code, reason = "shared with tests/integration, which needs other parts of it")]
mod browser;
#[path = "../../integration/helpers/client.rs"]
#[allow(dead_code, reason = "shared with tests/integration, which needs other parts of it")]
mod client;
#[path = "../../cluster/helpers/cluster.rs"]
#[allow(dead_code, reason = "shared with tests/cluster, which needs other parts of it")]
mod cluster;
#[path = "../../cluster/helpers/disk.rs"]
#[allow(dead_code, reason = "shared with tests/cluster, which needs other parts of it")]
mod disk;
mod families;
#[path = "../../cli/machine.rs"]
#[allow(dead_code, reason = "shared with tests/cli, which needs other parts of it")]
mod machine;
mod overlap;
mod own_paths;
#[path = "../../process/program.rs"]
#[allow(dead_code, reason = "shared with tests/process, which needs other parts of it")]
mod program;
mod removed;
mod seen;
mod stage;
#[path = "../../cluster/helpers/system.rs"]
mod system;
mod unreachable;
mod visitors;

use disk::Disk;
use system::signal;

pub use acceptance::{Modes, acceptance};
pub use client::{get, request};
pub use families::listens_by_both_families;
pub use overlap::tells_overlapping_names_apart;
pub use own_paths::takes_its_own_paths_only;
pub use program::{eventually, free_address};
pub use removed::outlives_its_site;
pub use seen::keeps_what_few_may_see_out_of_caches;
pub use stage::{Stage, WebServer, curl, curl_at};
pub use system::output;
pub use unreachable::{a_program, keeps_nobody_waiting, program_that_answers, unreachable};
pub use visitors::knows_visitors;
