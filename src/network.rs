//! tmp
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
/// t
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InternalNetwork {
    /// n
    pub network: IpNet,
    /// d
    pub description: String,
}
