//! Every documented key of every answer is there, with a type that the official description allows.

use super::*;

/// `key type` words; a trailing `?` allows null.
const ENTRY: &str = "id s, description s, tagIds a?, userId s, billable b, taskId s?, projectId s?, workspaceId s, \
     timeInterval o, customFieldValues a, type s, kioskId s?, isLocked b";
const RATED: &str = "hourlyRate o?, costRate o?";
const PROJECT: &str = "id s, name s, hourlyRate o?, clientId s, workspaceId s, billable b, memberships a, color s, \
     estimate o, archived b, duration s, clientName s, note s, costRate o?, timeEstimate o, budgetEstimate o?, \
     estimateReset o?, template b, public b";
const CLIENT: &str = "id s, name s, email s?, workspaceId s, archived b, address s?, note s?, ccEmails a?, \
     currencyId s, currencyCode s";
const TAG: &str = "id s, name s, workspaceId s, archived b";
const TASK: &str = "id s, name s, projectId s, assigneeIds a, assigneeId s?, userGroupIds a, estimate s, \
     budgetEstimate n, status s, duration s, billable b, hourlyRate o?, costRate o?";
const USER: &str = "id s, email s, name s, memberships a, profilePicture s, activeWorkspace s, defaultWorkspace s, \
     settings o, status s, customFields a";
const SETTINGS: &str = "weekStart s, timeZone s, timeFormat s, dateFormat s, sendNewsletter b, weeklyUpdates b, \
     longRunning b, scheduledReports b, approval b, pto b, alerts b, reminders b, invoiceReminders b, onboarding b, \
     timeTrackingManual b, summaryReportSettings o, isCompactViewOn b, dashboardSelection s, dashboardViewType s, \
     dashboardPinToTop b, projectListCollapse n, collapseAllProjectLists b, groupSimilarEntriesDisabled b, \
     myStartOfDay s, projectPickerTaskFilter b, lang s, multiFactorEnabled b, scheduling b, showOnlyWorkingDays b, \
     theme s";
const WORKSPACE: &str = "id s, name s, hourlyRate o, costRate o, memberships a, workspaceSettings o, imageUrl s, \
     featureSubscriptionType s, features a, currencies a, subdomain o, cakeOrganizationId s";
const WORKSPACE_SETTINGS: &str = "timeRoundingInReports b, onlyAdminsSeeBillableRates b, onlyAdminsCreateProject b, \
     onlyAdminsSeeDashboard b, defaultBillableProjects b, lockTimeEntries s?, lockTimeZone s?, round o, \
     projectFavorites b, canSeeTimeSheet b, canSeeTracker b, projectPickerSpecialFilter b, forceProjects b, \
     forceTasks b, forceTags b, forceDescription b, onlyAdminsSeeAllTimeEntries b, \
     onlyAdminsSeePublicProjectsEntries b, trackTimeDownToSecond b, projectGroupingLabel s, adminOnlyPages a, \
     automaticLock o?, onlyAdminsCreateTag b, onlyAdminsCreateTask b, timeTrackingMode s, multiFactorEnabled b, \
     numberFormat s, currencyFormat s, durationFormat s, projectLabel s, taskLabel s, entityCreationPermissions o, \
     isProjectPublicByDefault b, onlyAdminsCanChangeBillableStatus b, activeBillableHours b, workingDays a";
const FIELD: &str = "id s, workspaceId s, name s, description s?, placeholder s?, type s, allowedValues a, \
     workspaceDefaultValue s?, onlyAdminCanEdit b, status s, projectDefaultValues a, required b, entityType s";
const MEMBER: &str = "userId s, hourlyRate o?, costRate o?, targetId s, membershipType s, membershipStatus s";
const REPORTED: &str = "_id s, description s, userId s, userName s, userEmail s, billable b, projectId s?, \
     projectName s?, projectColor s?, clientId s?, clientName s?, taskId s?, taskName s?, tags a, timeInterval o, \
     approvalRequestId s?, locked b";

fn holds(value: &Value, keys: &str, what: &str) {
    for word in keys.split(", ") {
        let (key, kind) = word.split_once(' ').expect(word);
        let got = value.get(key).unwrap_or_else(|| panic!("{what} has no {key}: {value}"));
        let (kind, nullable) = (kind.trim_end_matches('?'), kind.ends_with('?'));
        let fits = match kind {
            "s" => got.is_string(),
            "b" => got.is_boolean(),
            "n" => got.is_i64(),
            "a" => got.is_array(),
            _ => got.is_object(),
        };
        assert!(fits || nullable && got.is_null(), "{what}.{key} is no {kind}: {got}");
    }
}

#[test]
fn answers_hold_every_documented_key() {
    let mut world = World::paid();
    let client = world.post("clients", json!({"name": "Harbor Co", "email": "a@example.test"}));
    holds(&client, CLIENT, "client");
    let body = json!({"name": "Site", "clientId": client["id"], "hourlyRate": {"amount": 9000}});
    let project = world.post("projects", body);
    holds(&project, PROJECT, "project");
    holds(&project["memberships"][0], MEMBER, "member");
    holds(
        &project["timeEstimate"],
        "estimate s, type s, resetOption s?, active b, includeNonBillable b",
        "estimate",
    );
    let path = format!("projects/{}", id(&project));
    let budget = json!({"budgetEstimate": {"estimate": 1000, "type": "MANUAL", "active": true}});
    let budget = world.must(200, "PATCH", &format!("{path}/estimate"), budget);
    let keys = "active b, estimate n, includeExpenses b, resetOption s?, type s";
    holds(&budget["budgetEstimate"], keys, "budget");
    let task = world.post(&format!("{path}/tasks"), json!({"name": "Copy"}));
    holds(&task, TASK, "task");
    let tag = world.post("tags", json!({"name": "copy"}));
    holds(&tag, TAG, "tag");
    let field = world.post("custom-fields", json!({"name": "Toggl ID", "type": "TXT"}));
    holds(&field, FIELD, "custom field");
    let me = world.get("/user?include-memberships=true");
    holds(&me, USER, "user");
    holds(&me["settings"], SETTINGS, "settings");
    for member in me["memberships"].as_array().expect("a list") {
        holds(member, MEMBER, "membership");
    }
    let workspace = world.get(&format!("/workspaces/{WORKSPACE_ID}"));
    holds(&workspace, WORKSPACE, "workspace");
    holds(&workspace["workspaceSettings"], WORKSPACE_SETTINGS, "workspace settings");
    holds(&workspace["memberships"][0], MEMBER, "workspace member");
    let body = json!({"start": "2026-03-02T08:00:00Z", "end": "2026-03-02T09:00:00Z", "projectId": project["id"],
        "taskId": task["id"], "tagIds": [tag["id"]],
        "customFields": [{"customFieldId": field["id"], "value": "101"}]});
    let entry = world.post("time-entries", body);
    holds(&entry, ENTRY, "entry");
    holds(&entry["timeInterval"], "start s, end s?, duration s?", "interval");
    holds(
        &entry["customFieldValues"][0],
        "customFieldId s, timeEntryId s, value s, name s, type s",
        "field value",
    );
    let read = world.get(&format!("time-entries/{}?hydrated=true", id(&entry)));
    for keys in [ENTRY, RATED, "project o?, task o?, tags a, user o, kiosk o?"] {
        holds(&read, keys, "read entry");
    }
    assert_eq!(read["hourlyRate"], json!({"amount": 9000, "currency": "USD"}));
    for (path, keys) in [
        ("clients", CLIENT),
        ("projects", PROJECT),
        ("tags", TAG),
        ("users", USER),
        ("custom-fields", FIELD),
        (&World::mine(""), ENTRY),
        (&World::mine(""), RATED),
        (&format!("{path}/tasks"), TASK),
        ("/workspaces", WORKSPACE),
    ] {
        holds(&world.get(path)[0], keys, path);
    }
}

#[test]
fn a_bare_entry_has_the_keys_too() {
    let mut world = World::paid();
    let timer = world.post("time-entries", json!({"start": "2026-03-02T08:00:00Z"}));
    holds(&timer, ENTRY, "timer");
    holds(&world.get("time-entries/status/in-progress")[0], RATED, "running");
    let stopped = world.must(200, "PATCH", &World::mine(""), json!({"end": "2026-03-02T08:10:00Z"}));
    holds(&stopped, ENTRY, "stopped");
}

#[test]
fn the_report_and_the_state_hold_their_keys() {
    let mut world = World::paid();
    world.entry(8, 9);
    let body = json!({"dateRangeStart": "2026-03-01T00:00:00Z", "dateRangeEnd": "2026-03-03T00:00:00Z",
        "timeZone": "UTC", "detailedFilter": {}});
    let call = world.call("POST", "reports/detailed", Some(body));
    let reply = world.clockify.handle_reports(&call);
    let report: Value = serde_json::from_slice(&reply.body).expect("JSON");
    holds(&report["timeentries"][0], REPORTED, "reported entry");
    holds(&report["timeentries"][0]["timeInterval"], "start s, end s, duration n", "reported interval");
    holds(
        &report["totals"][0],
        "_id s, totalTime n, totalBillableTime n, entriesCount n, amounts a",
        "totals",
    );
    let state = world.clockify.state();
    holds(
        &state,
        "workspace_id s, plan s, users a, clients a, projects a, tags a, tasks a, entries a",
        "state",
    );
    holds(&state["entries"][0], ENTRY, "held entry");
    holds(&state["entries"][0], "createdAt s, updatedAt s, invoiced b, approved b", "held entry");
}
