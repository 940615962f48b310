"""The mutants of scripts/mutate: one small change of the code each, which some test must notice.

A mutant is (file, old, new, packages whose tests must fail). old stands exactly once in the file.
"""

DIAGNOSE = "./internal/diagnose/... ./internal/report ./internal/sizing"

# What no story may survive, save those listed in SURVIVE_ALL: a diagnosis that knows no cause, and one that reads nothing.
WHOLESALE = {
    "no-analyzer": [
        ("internal/diagnose/rules.go", "a.Requires&^given == 0", "a.Requires&^given == 255"),
        ("internal/diagnose/run.go", "\t\tleft(c)\n", "\t\t_ = left\n"),
    ],
    "no-record": [
        (
            "internal/diagnose/traffic/summary.go",
            "if !own && internal(r) || !s.Excluded.takes(r, o) {",
            "if true || !own && internal(r) || !s.Excluded.takes(r, o) {",
        ),
    ],
}

# Tests that need neither: they look at one part, or at evidence that holds no requests.
SURVIVE_ALL = {
    # parts of the engine by themselves
    "TestEveryAnalyzerHasItsFile", "TestStoriesBesideEachAnalyzer", "TestFindingsOnIdleConnectionsNameTheLoops", "TestLatencyBucketsAreFew", "TestShareOfTheVerdict",
    "TestStepsAreFew", "TestApportion", "TestGroupsOfASample", "TestSeenFailureOutsideTheSampleIsNotHidden", "TestLookalike",
    "TestStatusOfAProbe", "TestFewAnswersBesideASampleOfTimeouts", "TestSoonerProbe", "TestConnTableIsAMap", "TestConnTableIsBounded",
    "TestExplainOneOfManyFailures", "TestGapsThatBreakAreBounded", "TestIDsKeepWhatIsOdd", "TestManyFailures", "TestMemoryIsBounded",
    "TestTicks", "TestBars", "TestMarkdown", "TestNoVerdict", "TestStandsOutOnlyBeyondChance",
    # health, metrics or a document alone
    "TestMetricsOfABadBackend", "TestMetricsOfAnOutage", "TestMetricsOfSlowAnswers", "TestNotices", "TestHealthAloneNamesWhatIsWrongNow",
    "TestFigures", "TestLostRecordsOfRunningGateway", "TestMetricsByFiveMinutes", "TestMetricsWithoutParts", "TestMetricsWithoutTheBackends",
    "TestNoEvidence", "TestNothingExplained", "TestThroughputOfTheFirstGeneration", "TestCapacityByMetricsAlone", "TestCapacityOfAzure", "TestCapacityOfAMachine", "TestHealthAlone", "TestDocumentAlone",
}

# Stories of notices, explanations and sizes: they hold without any cause being named.
SURVIVE_NO_ANALYZER = {
    "TestCommandsForWhatIsMissing", "TestCutUploads", "TestEmptyIsNotMissing", "TestEndedForSilence", "TestExplainASecondOfAzures",
    "TestExplainASecondOfSeveral", "TestExplainASession", "TestExplainATime", "TestExplainWhatIsNotThere",
    "TestExplainWhatTheRecordNotes", "TestExplainWithOldHealth", "TestFirewallBlocks", "TestGatewayStepOfTheFirstGeneration",
    "TestHealthFromTheStartOfTheGateway", "TestHealthyHasNoFinding", "TestHealthyLongBefore", "TestLostRecords",
    "TestMetricsBesideALog", "TestOneTimeThatCannotBe", "TestPathOverride", "TestRecordsOfSeveralGateways", "TestRedirectsInACircle",
    "TestRequestsOutsideOfTheTimeAskedFor", "TestResetTunnels", "TestRowsThatALogLacks", "TestRulesThatScored", "TestSilentTunnels",
    "TestTimeOfMembersNotKnown", "TestTimeoutStepOfAnotherTime", "TestUnhealthyByMetrics", "TestUnservedProtections",
    "TestUploadsTakenInPart",
}

LINES = [
    # proxy: what may be reused, replayed, forwarded
    ("internal/proxy/backendconn.go", "a.clean && a.sentAll && !a.early", "a.clean && !a.early", "./internal/proxy"),
    ("internal/proxy/backendconn.go", "a.clean && a.sentAll && !a.early && !a.res.Close", "a.clean && a.sentAll && !a.early", "./internal/proxy"),
    ("internal/proxy/backendconn.go", "now.Sub(in.Idle) < idleLimit(in.Hint, limit, honour)", "now.Sub(in.Idle) < idleLimit(in.Hint, 100*limit, honour)", "./internal/proxy"),
    ("internal/proxy/backendconn.go", "return min(limit, hint-min(time.Second, hint/2))", "return min(limit, hint)", "./internal/proxy"),
    ("internal/proxy/backendconn.go", "\t\tbackend.Reset()\n\t\treturn\n", "\t\tbackend.Close()\n\t\treturn\n", "./internal/proxy"),
    ("internal/proxy/retry.go", "if t.second || !t.idempotent || !t.buffered {", "if t.second || !t.buffered {", "./internal/proxy"),
    ("internal/proxy/retry.go", "if t.redone || !t.idempotent || !t.buffered {", "if t.redone || !t.idempotent {", "./internal/proxy"),
    ("internal/proxy/retry.go", "if t.other || !t.safe || !t.buffered {", "if t.other || !t.idempotent || !t.buffered {", "./internal/proxy"),
    ("internal/proxy/retry.go", "return t.next <= maxNext", "return true", "./internal/proxy"),
    ("internal/proxy/exchange.go", "last == nil || x.headSent || !again.decide(*last)", "last == nil || !again.decide(*last)", "./internal/proxy"),
    ("internal/proxy/exchange.go", "case x.req.ContentLength > x.state.bodyMax:", "case false:", "./internal/proxy"),
    ("internal/proxy/exchange.go", "x.keepAlive = !x.req.Close && !x.s.p.draining.Load()", "x.keepAlive = !x.req.Close", "./internal/proxy"),
    ("internal/proxy/exchange.go", "\tif !x.s.admitted(site) {", "\tif false && !x.s.admitted(site) {", "./internal/proxy"),
    ("internal/proxy/finish.go", "x.keepAlive = x.keepAlive && x.body.inSync()\n\tx.settle(f)", "x.settle(f)", "./internal/proxy"),
    ("internal/proxy/finish.go", "x.keepAlive, x.rec.Aborted = false, true\n\t\tx.s.c.Reset()", "x.keepAlive, x.rec.Aborted = false, true", "./internal/proxy"),
    ("internal/proxy/finish.go", 'if string(x.req.Method) != "HEAD" {', "if true {", "./internal/proxy"),
    ("internal/proxy/faults.go", "f.Kind, f.Detail = fault.Malformed, broken.Kind.String()\n\tcase errors.Is(err, errBodyTooBig)", "f.Kind = fault.Truncated\n\tcase errors.Is(err, errBodyTooBig)", "./internal/proxy"),
    ("internal/proxy/faults.go", "if errors.Is(err, io.EOF) {\n\t\tf.Kind = fault.Truncated\n\t}\n\tif errors.Is(err, conn.ErrStopped)", "if errors.Is(err, conn.ErrStopped)", "./internal/proxy"),
    # http1: what is ambiguous is refused
    ("internal/http1/message.go", "return m.fail(LengthAndCoding, m.Len)", "m.ContentLength = -1", "./internal/http1"),
    ("internal/http1/message.go", "case again || bytes.IndexByte(v, ',') >= 0:", "case bytes.IndexByte(v, ',') >= 0:", "./internal/http1"),
    ("internal/http1/message.go", 'if again || !EqualFold(f.Value, "chunked") {', 'if !EqualFold(f.Value, "chunked") {', "./internal/http1"),
    ("internal/http1/message.go", "\t\tif m.Minor == 0 {\n\t\t\treturn m.fail(BadCoding, m.Len)\n\t\t}\n", "", "./internal/http1"),
    ("internal/http1/message.go", "\t\tif again {\n\t\t\treturn ManyHosts\n\t\t}\n", "", "./internal/http1"),
    ("internal/http1/request.go", "if !r.Has(Host) && r.Minor == 1 {", "if false {", "./internal/http1"),
    ("internal/http1/chunks.go", "case class[x]&isHex != 0 && c.digits < maxSizeDigits:", "case class[x]&isHex != 0:", "./internal/http1"),
    ("internal/http1/chunks.go", "case c.digits == 0:\n\t\treturn BadChunk", "case false:\n\t\treturn BadChunk", "./internal/http1"),
    # conn: idle connections and places
    ("internal/conn/idlepool.go", "quiet := c.Peer() == PeerIdle", "quiet := true", "./internal/conn"),
    ("internal/conn/idlepool.go", "if len(q) == maxIdle {", "if false {", "./internal/conn"),
    ("internal/conn/places.go", "case silent < grace:\n\t\treturn justCame", "case false:\n\t\treturn justCame", "./internal/conn"),
    ("internal/conn/places.go", "return limit - limit/4", "return limit", "./internal/conn ./test"),
    # backend: who serves
    ("internal/backend/group.go", "\tif len(tried) == 0 {\n\t\tat = g.next.Add(1)\n\t}", "\tat = g.next.Add(1)", "./internal/backend ./internal/proxy"),
    ("internal/backend/group.go", "case slices.Contains(tried, m):", "case false:", "./internal/backend ./internal/proxy"),
    ("internal/backend/eject.go", "now.Sub(e.fails[0]) <= ejectWindow", "true", "./internal/backend ./internal/proxy"),
    ("internal/backend/eject.go", "if o != m && !o.Held(now) {", "if o != m {", "./internal/backend ./internal/proxy"),
    # instance: a change of configuration
    ("internal/instance/instance.go", "time.Now().Add(drainTime(next.table.Config))", "time.Now().Add(30*time.Second)", "./internal/instance"),
    ("internal/instance/instance.go", "\tfor _, set := range old {\n\t\tset.Release()\n\t}\n", "\t_ = old\n", "./internal/instance"),
    ("internal/instance/instance.go", "\t\t\tcloseAll(sockets)\n", "", "./internal/instance ./internal/supervisor"),
    ("internal/instance/instance.go", "\ti.follow(sets, v1)\n\tnext.set.Release()\n", "\ti.follow(sets, v1)\n", "./internal/instance"),
    ("internal/instance/instance.go", "\ti.follow(sets, v1)\n\tnext.set.Release()\n", "\t_, _ = sets, v1\n\tnext.set.Release()\n", "./internal/instance"),
    ("internal/instance/instance.go", "\tset.Release()\n\treturn nil, err\n", "\treturn nil, err\n", "./internal/instance"),
    # diagnose: what decides
    ("internal/diagnose/traffic/fault.go", "case r.Status == fault.ClientGone, r.Status == 0:", "case r.Status == 0:", DIAGNOSE),
    ("internal/diagnose/traffic/fault.go", "return max(500*time.Millisecond, limit/100)", "return 0", DIAGNOSE),
    ("internal/diagnose/traffic/echo.go", "\tx := s.echoesOf(all)\n", "\treturn\n\tx := s.echoesOf(all)\n", DIAGNOSE),
    ("internal/diagnose/traffic/summary.go", "\ts.correctTimeouts()\n", "", DIAGNOSE),
    ("internal/diagnose/inference/case.go", "!claimed && want(e)", "(!claimed || true) && want(e)", DIAGNOSE),
    ("internal/diagnose/run.go", "\tif best == nil || best.Failures < r.Undetermined.Failures {", "\tif best == nil {", DIAGNOSE),
    ("internal/diagnose/run.go", "f.Confidence != report.Low && f.Share >= smallestVerdict", "f.Share >= smallestVerdict", DIAGNOSE),
    ("internal/stats/exact.go", "MinEvents = 5", "MinEvents = 3", DIAGNOSE),
    ("internal/stats/exact.go", "Significance = 0.01", "Significance = 0.5", DIAGNOSE),
    ("internal/diagnose/analyzers/connections/idlerace.go", "case r.oneMoment():", "case false:", DIAGNOSE),
    ("internal/diagnose/analyzers/connections/idlerace.go", "case r.answeredBeyond > len(cluster)/10:", "case false:", DIAGNOSE),
    ("internal/diagnose/order.go", "\tclients.ClientAbort,\n\tconfiguration.NoListenerMatch,\n", "\tconfiguration.NoListenerMatch,\n", DIAGNOSE),
]

# Mutants that may survive, with the reason.
ACCEPTED = {
    ("internal/proxy/exchange.go", "last == nil || x.headSent || !again.decide(*last)", "last == nil || !again.decide(*last)"):
        "no fault of the phases after the head allows a retry; the guard says so where one reads it",
}
