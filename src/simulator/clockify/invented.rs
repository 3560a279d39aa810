//! Every value that Clockify keeps to itself and this stand-in had to make up, in one place.
//!
//! Nothing here is a fact about the service; a client that depends on one of these is wrong. Beside these values, a
//! few behaviours are choices too: a deleted project leaves its entries without project and task, a batch read leaves
//! out unknown ids, bulk writes are all or nothing, reports leave out running timers, refused content counts against
//! the quota (a refused key and a 429 do not), an update of a client or task resets what it omits, a webhook's name is
//! taken once in a workspace, and its freed place goes to the oldest that had none. `hook_events` names those of events.

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
    /// Seconds before each further attempt at a delivery.
    pub retry_s: [f64; 5],
    /// Failed attempts in a row, over all events of a webhook, that switch its delivery off.
    pub disable_after: u32,
    /// Seconds in which an address must have answered.
    pub receiver_timeout_s: u64,
    /// Whether replacing a webhook by its own definition switches its delivery on again. Making it anew surely does.
    pub replacing_mends_delivery: bool,
    /// Whether a webhook beyond the plan's limit is refused; otherwise it is made, disabled by the plan.
    pub surplus_webhook_is_refused: bool,
    /// What is said then, with 403 and code 501.
    pub webhook_limit_message: &'static str,
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
            retry_s: [60.0, 300.0, 1_800.0, 7_200.0, 21_600.0],
            disable_after: 5,
            receiver_timeout_s: 8,
            replacing_mends_delivery: false,
            surplus_webhook_is_refused: true,
            webhook_limit_message: "Maximum number of webhooks for your plan is reached.",
        }
    }
}
