//! Every value that Clockify keeps to itself and this stand-in had to make up, in one place.
//!
//! Nothing here is a fact about the service; a client that depends on one of these is wrong. Beside these values, a
//! few behaviours are choices too: a deleted project leaves its entries without project and task, a batch read leaves
//! out unknown ids, bulk writes are all or nothing, reports leave out running timers, refused content counts against
//! the quota (a refused key and a 429 do not), and an update of a client or task resets what it omits.

/// Made-up behaviour; the unknowns stand in section 13 of the reference.
#[derive(Clone, Debug)]
pub struct Invented {
    /// The `code` in the body of a 429.
    pub over_quota_code: i64,
    /// Largest `page-size` of lists; a larger one is cut to it.
    pub list_page_cap: usize,
    /// Largest `page-size` of the running timers.
    pub running_page_cap: usize,
    /// Largest `pageSize` of the detailed report.
    pub report_page_cap: usize,
    /// What a call says whose feature the plan lacks (the status 403 is known).
    pub plan_gated_message: &'static str,
    /// What a workspace says that the key cannot see, with 403 and code 501.
    pub foreign_workspace_message: &'static str,
    /// Whether `Harbor` and `harbor` are the same name.
    pub names_ignore_case: bool,
    /// Whether starting a timer stops the running one at the new start.
    pub second_timer_stops_first: bool,
    /// `featureSubscriptionType` of a paid workspace.
    pub paid_plan_name: &'static str,
    /// Colour of a project created without one.
    pub default_color: &'static str,
}

impl Default for Invented {
    fn default() -> Self {
        Self {
            over_quota_code: 4290,
            list_page_cap: 5000,
            running_page_cap: 1000,
            report_page_cap: 1000,
            plan_gated_message: "Your subscription plan does not include this feature.",
            foreign_workspace_message: "Access Denied",
            names_ignore_case: false,
            second_timer_stops_first: true,
            paid_plan_name: "STANDARD_2021",
            default_color: "#03A9F4",
        }
    }
}
