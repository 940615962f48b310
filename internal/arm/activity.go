package arm

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"causeway/internal/activity"
)

// Bounds of an answer. Each reads the whole log.
const (
	eventsMax       = 200 // events, before it refers to the next one
	activityQueries = 4   // at a time, until their answers are written; others wait
)

// activityQuestion is what one node asks another: the $filter and the $skiptoken of its client.
type activityQuestion struct {
	Filter string `json:"filter"`
	After  string `json:"after"`
}

// readActivity is the activity log of all nodes, the newest event first, as Azure Monitor answers it.
func readActivity(q *request) (response, error) {
	query := q.URL.Query()
	asked := activityQuestion{query.Get("$filter"), query.Get("$skiptoken")}
	wanted, err := q.server.activitySelection(asked)
	if err != nil {
		return response{}, err
	}
	return q.server.recalling.holding(q, func() (response, error) { return q.activity(asked, wanted) })
}

// activity answers from the logs of all nodes.
func (q *request) activity(asked activityQuestion, wanted activitySelection) (response, error) {
	var out []event
	var err error
	nodes := q.survey()
	others := ask[[]event](nodes, "activity", asked, func() { out, err = q.server.events(wanted) })
	if err != nil {
		return response{}, err
	}
	for _, part := range others {
		out = append(out, part...)
	}
	out = newestFirst(out)
	answer := map[string]any{"value": out}
	if len(out) > eventsMax {
		query := q.URL.Query()
		answer["value"] = out[:eventsMax]
		query.Set("$skiptoken", out[eventsMax-1].position().String())
		answer["nextLink"] = q.base() + q.URL.EscapedPath() + "?" + query.Encode()
	}
	return nodes.ok(answer)
}

// nodeActivity answers for this node alone.
func nodeActivity(q *request) (response, error) {
	var asked activityQuestion
	if err := json.NewDecoder(q.Body).Decode(&asked); err != nil {
		return response{}, badQuestion(err)
	}
	wanted, err := q.server.activitySelection(asked)
	if err != nil {
		return response{}, err
	}
	out, err := q.server.events(wanted)
	if err != nil {
		return response{}, err
	}
	return ok(out)
}

// activitySelection says which events an answer has.
type activitySelection struct {
	activityFilter
	after *position // nil: from the newest on
}

func (s *Server) activitySelection(asked activityQuestion) (out activitySelection, err error) {
	if out.activityFilter, err = parseActivityFilter(asked.Filter, s.now()); err != nil || asked.After == "" {
		return out, err
	}
	at, ok := parsePosition(asked.After)
	if !ok {
		return out, refuse(http.StatusBadRequest, "InvalidSkipToken", "the $skiptoken is none that this API gave")
	}
	out.after = &at
	return out, nil
}

// events are those of this node, the newest first: as many as an answer has, and one more that says whether there is another answer.
func (s *Server) events(wanted activitySelection) ([]event, error) {
	log, err := s.gateway.Activity()
	if err != nil {
		return nil, err
	}
	out := []event{}
	for i := range log {
		e := asEvent(&log[i])
		if wanted.holds(e) && (wanted.after == nil || wanted.after.compare(e.position()) < 0) {
			out = append(out, e)
		}
	}
	out = newestFirst(out)
	return out[:min(len(out), eventsMax+1)], nil
}

func newestFirst(all []event) []event {
	slices.SortStableFunc(all, func(a, b event) int { return a.position().compare(b.position()) })
	return all
}

// position is where an event stands in the log of all nodes. A page begins after a position, and not after a number of events: new events,
// and nodes that do not answer for a while, move no event from one page to another.
type position struct {
	at int64  // Unix microseconds
	id string // tells events of one microsecond apart
}

func (e *event) position() position { return position{e.At.UnixMicro(), e.DataID} }

// compare is negative for a position before another one: that of a newer event.
func (p position) compare(other position) int {
	return cmp.Or(cmp.Compare(other.at, p.at), strings.Compare(other.id, p.id))
}

func (p position) String() string { return strconv.FormatInt(p.at, 10) + "." + p.id }

func parsePosition(text string) (p position, ok bool) {
	at, id, ok := strings.Cut(text, ".")
	n, err := strconv.ParseInt(at, 10, 64)
	return position{n, id}, ok && err == nil
}

// localised is a name that Azure answers in two forms.
type localised struct {
	Value     string `json:"value"`
	Localised string `json:"localizedValue"`
}

func named(text string) localised { return localised{text, text} }

// event is an event as Azure Monitor answers it.
type event struct {
	ID            string            `json:"id"`
	DataID        string            `json:"eventDataId"`
	CorrelationID string            `json:"correlationId,omitempty"`
	OperationID   string            `json:"operationId,omitempty"`
	At            time.Time         `json:"eventTimestamp"`
	Submitted     time.Time         `json:"submissionTimestamp"`
	Level         string            `json:"level"`
	Channels      string            `json:"channels"`
	Category      localised         `json:"category"`
	Operation     localised         `json:"operationName"`
	Status        localised         `json:"status"`
	Provider      localised         `json:"resourceProviderName"`
	Type          localised         `json:"resourceType"`
	Resource      string            `json:"resourceId"`
	Group         string            `json:"resourceGroupName"`
	Subscription  string            `json:"subscriptionId"`
	Caller        string            `json:"caller,omitempty"`
	Description   string            `json:"description"`
	Properties    map[string]string `json:"properties,omitempty"`
}

func asEvent(e *activity.Event) event {
	id := partsOf(e.Resource)
	sum := sha256.Sum256(e.Append(nil))
	data, err := uuid.FromBytes(sum[:16])
	if err != nil {
		panic(err) // sixteen bytes are a UUID
	}
	kind := typeOf(e.Operation())
	provider, _, _ := strings.Cut(kind, "/")
	status := "Succeeded"
	if e.Failed {
		status = "Failed"
	}
	return event{
		ID:            e.Resource + "/events/" + data.String() + "/ticks/" + strconv.FormatInt(e.At.UnixNano()/100, 10),
		DataID:        data.String(),
		CorrelationID: e.Correlation,
		OperationID:   e.Correlation,
		At:            e.At.UTC(),
		Submitted:     e.At.UTC(),
		Level:         levelOf(e),
		Channels:      "Operation",
		Category:      named(e.Category()),
		Operation:     named(e.Operation()),
		Status:        named(status),
		Provider:      named(provider),
		Type:          named(kind),
		Resource:      e.Resource,
		Group:         id["group"],
		Subscription:  id["subscription"],
		Caller:        e.Caller,
		Description:   describe(e),
		Properties:    propertiesOf(e),
	}
}

// levelOf is the level as Azure Monitor answers it, which has another word for the lowest than Azure's log files have.
func levelOf(e *activity.Event) string {
	if level := e.Level(); level != "Information" {
		return level
	}
	return "Informational"
}

// typeOf is the resource type of an operation: Microsoft.Network/applicationGateways of Microsoft.Network/applicationGateways/write.
func typeOf(operation string) string {
	if strings.HasPrefix(operation, gatewayType+"/") { // its events have further parts
		return gatewayType
	}
	kind, verb := cutLast(operation)
	if verb == "action" {
		kind, _ = cutLast(kind)
	}
	return kind
}

// cutLast takes the last segment off a path.
func cutLast(path string) (before, last string) {
	i := strings.LastIndexByte(path, '/')
	return path[:max(i, 0)], path[i+1:]
}

// partsOf are the subscription and the group in an id.
func partsOf(id string) map[string]string {
	segments, _ := splitPath(id)
	v, _ := parsePattern(groupPath).match(segments[:min(4, len(segments))])
	return v
}

// describe says what happened, in a sentence.
func describe(e *activity.Event) string {
	switch {
	case e.Kind == activity.Death:
		return "Instance " + e.Instance + ": " + e.Text()
	case e.Kind == activity.Scale:
		return fmt.Sprintf("%d instances instead of %d: %s", e.To, e.From, e.Why)
	}
	return e.Why
}

func propertiesOf(e *activity.Event) map[string]string {
	p := map[string]string{}
	add := func(name, value string) {
		if value != "" && value != "0" {
			p[name] = value
		}
	}
	add("instance", e.Instance)
	add("node", e.Node)
	add("revision", strconv.FormatInt(e.Revision, 10))
	add("from", strconv.Itoa(e.From))
	add("to", strconv.Itoa(e.To))
	add("causeway", string(e.Object()))
	return p
}

// activityFilter are the conditions of a $filter of Azure Monitor's.
type activityFilter struct {
	from, to time.Time
	equal    map[string]string // field in lower case → value
}

var activityCondition = regexp.MustCompile(`(?i)^\s*(\w+)\s+(eq|ge|gt|le|lt)\s+(?:'((?:[^']|'')*)'|([^\s']+))\s*$`)

// activityFields are those that may be compared, in lower case, with where their value is.
var activityFields = map[string]func(e event) string{
	"resourceuri":       func(e event) string { return e.Resource },
	"resourceid":        func(e event) string { return e.Resource },
	"resourcegroupname": func(e event) string { return e.Group },
	"resourceprovider":  func(e event) string { return e.Provider.Value },
	"resourcetype":      func(e event) string { return e.Type.Value },
	"correlationid":     func(e event) string { return e.CorrelationID },
	"caller":            func(e event) string { return e.Caller },
	"status":            func(e event) string { return e.Status.Value },
	"levels":            func(e event) string { return e.Level },
}

// activityPast is how far the log may be read back when the filter has no beginning: 90 days, as on Azure.
const activityPast = 90 * 24 * time.Hour

// parseActivityFilter reads a $filter. Events are asked for with it, so one that is not understood is refused.
func parseActivityFilter(text string, now time.Time) (activityFilter, error) {
	f := activityFilter{from: now.Add(-activityPast), to: now, equal: map[string]string{}}
	if strings.TrimSpace(text) == "" {
		return f, nil
	}
	for _, part := range conjunction.Split(text, -1) {
		m := activityCondition.FindStringSubmatch(part)
		if m == nil {
			return f, badActivityFilter(part)
		}
		field, value := strings.ToLower(m[1]), strings.ReplaceAll(m[3], "''", "'")+m[4]
		_, known := activityFields[field]
		_, again := f.equal[field]
		switch at, err := parseTime(value); {
		case field == "eventtimestamp" && err == nil && strings.HasPrefix(strings.ToLower(m[2]), "g"):
			f.from = at
		case field == "eventtimestamp" && err == nil && strings.HasPrefix(strings.ToLower(m[2]), "l"):
			f.to = at
		case strings.EqualFold(m[2], "eq") && known && !again:
			f.equal[field] = value
		case strings.EqualFold(m[2], "eq") && field == "eventchannels":
		default:
			return f, badActivityFilter(part)
		}
	}
	return f, nil
}

// parseTime reads a time. az writes one without quotes and without a zone, and means UTC.
func parseTime(text string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		at, err = time.Parse("2006-01-02T15:04:05", text)
	}
	return at, err
}

func badActivityFilter(part string) error {
	return refuse(http.StatusBadRequest, "BadRequest",
		"the condition %q of the $filter is none that this API understands: eventTimestamp ge or le a time, "+
			"and resourceUri, resourceId, resourceGroupName, resourceProvider, resourceType, correlationId, caller, status or levels eq a text, "+
			"each once", part)
}

func (f activityFilter) holds(e event) bool {
	if e.At.Before(f.from) || e.At.After(f.to) {
		return false
	}
	for field, want := range f.equal {
		if !strings.EqualFold(activityFields[field](e), want) {
			return false
		}
	}
	return true
}
