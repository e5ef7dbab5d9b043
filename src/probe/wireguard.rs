use super::{Looked, Scene};
use crate::fact::{Place, TcpTarget, UnitTarget, Unseen};

pub(super) async fn state() -> Looked {
    Looked::new("", Err(Unseen::NotKnown("not built yet".to_owned())))
}
pub(super) async fn again(scene: &Scene) -> Looked {
    Looked::new("", Err(Unseen::NotKnown("not built yet".to_owned())))
}
pub(super) fn conf(scene: &Scene) -> Looked {
    Looked::new("", Err(Unseen::NotKnown("not built yet".to_owned())))
}
