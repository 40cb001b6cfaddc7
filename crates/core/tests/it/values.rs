//! The one form in which values are compared, and sameness.

use crate::notation::{field_type, value};
use crate::table::{check, expect};
use tandem_core::value::{canonical, same};

#[test]
fn the_form_of_every_value() {
    let table = include_str!("../tables/values.txt");
    check("values.txt", table, |[ty, given, wanted]| {
        let ty = field_type(ty);
        let got = canonical(&value(given), &ty);
        let Some(reason) = wanted.strip_prefix("misfit:") else {
            let got = got.map_err(|misfit| format!("does not fit: {misfit}"))?;
            expect(&value(wanted), &got)?;
            let again = canonical(&got, &ty).map_err(|misfit| misfit.to_string())?;
            return expect(&got, &again).map_err(|why| format!("once more: {why}"));
        };
        let misfit = got.err().ok_or("it fits")?;
        expect(&reason.trim(), &misfit.reason.as_str())?;
        expect(&value(given).to_string(), &misfit.value)
    });
}

#[test]
fn sameness_of_values() {
    let table = include_str!("../tables/same.txt");
    check("same.txt", table, |[ty, one, relation, other]| {
        let (ty, one, other) = (field_type(ty), value(one), value(other));
        expect(&(relation == "="), &same(&one, &other, &ty))?;
        expect(&(relation == "="), &same(&other, &one, &ty))
    });
}

#[test]
fn blankness_and_the_form_people_read() {
    let table = include_str!("../tables/shown.txt");
    check("shown.txt", table, |[given, blank, shown]| {
        let given = value(given);
        expect(&(blank == "blank"), &given.is_blank())?;
        let shown: String = serde_json::from_str(shown).map_err(|why| why.to_string())?;
        expect(&shown, &given.to_string())
    });
}
