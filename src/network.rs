//! tmp
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
/// t
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InternalNetwork {
    /// n
    pub network: IpNet,
    /// d
    pub description: String,
}
/// t
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NetworkSet(Vec<IpNet>);
impl NetworkSet {
    /// t
    pub fn find(&self, ip: IpAddr) -> Option<IpNet> {
        self.0.iter().find(|net| net.contains(&ip)).copied()
    }
    /// t
    pub fn parse_list(text: &str) -> Result<Self, String> {
        text.split([',', ' ']).filter(|s| !s.is_empty()).map(|s| s.parse().or_else(|_| s.parse::<IpAddr>().map(IpNet::from)).map_err(|e| e.to_string())).collect()
    }
}
impl FromIterator<IpNet> for NetworkSet {
    fn from_iter<T: IntoIterator<Item = IpNet>>(iter: T) -> Self {
        Self(iter.into_iter().collect())
    }
}
/// t
pub struct ClientAddress {
    /// t
    pub address: IpAddr,
}
