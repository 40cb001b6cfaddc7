//! Values put back by an undo.

use super::bench::Bench;
use super::samples::{at, crm, entry, fields, user};
use tandem_core::ids::{RecordId, UserId};
use tandem_core::link::Lane;
use tandem_core::record::Provenance;
use tandem_core::store::Restore;
use tandem_core::value::Fields;
use tandem_core::workspace::Kind;

/// The values of a record that is there, to be put back.
async fn restoring(b: &Bench, record: RecordId, seen: Fields, patch: Fields) -> Restore {
    Restore {
        record,
        version: b.find_link(record).await.map(|link| link.version),
        home: None,
        seen,
        patch,
        origin: user(),
        lane: Lane::Bulk,
        now: at(5),
        entry: entry("put back"),
    }
}

async fn restore(b: &Bench, restore: Restore) -> Vec<RecordId> {
    let restored = b.store().restore(b.team, vec![restore]).await;
    restored.expect("restore")
}

/// A linked account whose phone was "100" and is "200" by now; nothing is due.
async fn changed(b: &Bench) -> RecordId {
    let link = b.linked(1, crm("Account", "001", 1, &[])).await;
    let record = link.record.expect("linked");
    b.edit(2, Kind::Account, record, fields(&[("phone", "200")]))
        .await;
    b.settle_down(2).await;
    record
}

pub(super) async fn values_are_put_back_with_an_entry(b: &Bench) {
    let record = changed(b).await;
    let before = b.link(record).await;
    let (seen, patch) = (fields(&[("phone", "200")]), fields(&[("phone", "100")]));
    let restored = restore(b, restoring(b, record, seen, patch).await).await;
    let after = b.record(record).await;
    assert_eq!(
        after.fields,
        fields(&[("name", "Amber Mill"), ("phone", "100")])
    );
    let origin = user();
    assert_eq!(after.provenance["phone"], Provenance { at: at(5), origin });
    let (_, entry) = b.log().await.pop().expect("an entry");
    assert_eq!(
        (restored, entry.summary.as_str()),
        (vec![record], "put back")
    );
    assert_eq!(
        (entry.link, entry.record),
        (Some(before.id), Some((Kind::Account, record)))
    );
    assert_eq!(entry.crm, Some((before.object, before.crm)));
    let work = b.claim_one(5).await;
    assert_eq!((work.link.id, work.lane), (before.id, Lane::Bulk));
    assert!(work.link.version > before.version);
}

pub(super) async fn what_moved_on_is_left_alone(b: &Bench) {
    let record = changed(b).await;
    let (seen, patch) = (fields(&[("phone", "200")]), fields(&[("phone", "100")]));
    let good = restoring(b, record, seen, patch).await;
    let other_value = Restore {
        seen: fields(&[("phone", "300")]),
        ..good.clone()
    };
    let other_version = Restore {
        version: good.version.map(|version| version + 1),
        ..good.clone()
    };
    let no_link = Restore {
        version: None,
        ..good.clone()
    };
    let nobody = Restore {
        record: RecordId(i64::MAX),
        ..good
    };
    let (stands, log) = (b.record(record).await, b.log().await);
    for stale in [other_value, other_version, no_link, nobody] {
        assert_eq!(restore(b, stale).await, []);
    }
    assert_eq!((b.record(record).await, b.log().await), (stands, log));
    assert!(b.due(5).await.is_empty());
}

pub(super) async fn a_record_without_a_link_is_put_back_here(b: &Bench) {
    let values = fields(&[("name", "N"), ("phone", "2")]);
    let record = b.add(1, Kind::Account, None, values).await;
    let patch = fields(&[("phone", "")]);
    let wanted = restoring(b, record, fields(&[("phone", "2")]), patch).await;
    assert_eq!(restore(b, wanted).await.len(), 1);
    assert_eq!(b.record(record).await.fields, fields(&[("name", "N")]));
    let (_, entry) = b.log().await.pop().expect("an entry");
    assert_eq!(
        (entry.record, entry.link),
        (Some((Kind::Account, record)), None)
    );
    assert!(b.due(5).await.is_empty());
}

pub(super) async fn a_restore_can_be_restored(b: &Bench) {
    let record = changed(b).await;
    let (old, new) = (fields(&[("phone", "100")]), fields(&[("phone", "200")]));
    let back = restoring(b, record, new.clone(), old.clone()).await;
    assert_eq!(restore(b, back).await.len(), 1);
    let again = restoring(b, record, old, new.clone()).await;
    assert_eq!(restore(b, again).await.len(), 1);
    assert_eq!(b.record(record).await.fields["phone"], new["phone"]);
    assert_eq!(b.record(record).await.provenance["phone"].origin, user());
    assert_eq!(user(), tandem_core::record::Origin::User(UserId(7)));
}
