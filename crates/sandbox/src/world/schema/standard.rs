//! The standard objects.
use super::ObjectDef;
pub(crate) fn standard_objects(external_ids: bool) -> Vec<ObjectDef> {
    let _ = external_ids;
    Vec::new()
}
