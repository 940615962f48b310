package arm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"causeway/internal/store"
)

// deploymentItems are kept of templates that were deployed, the last ones.
const (
	deploymentItems    = "deployments"
	deploymentsMax     = 50        // of each group
	deploymentsMaxAll  = 1000      // of all groups
	templateMax        = 256 << 10 // bytes of a template that is kept with its item
	deploymentBytesMax = 512 << 10 // of a whole item: etcd takes 1.5 MiB

	deploymentType = "Microsoft.Resources/deployments"
)

// States of a deployment.
const (
	stateRunning   = "Running"
	stateSucceeded = "Succeeded"
	stateFailed    = "Failed"
)

// deployment is the item of a template that was deployed.
type deployment struct {
	item store.Item // as it was read or written last

	ID          string
	Name        string
	Tags        map[string]string
	Location    string // of the resources
	Mode        string
	State       string
	At          time.Time // when it began
	Took        time.Duration
	Correlation string
	Parameters  json.RawMessage `json:",omitempty"` // without secrets; nil: they are too large
	Outputs     json.RawMessage `json:",omitempty"` // without secrets; nil: there are none, or they are too large
	Template    json.RawMessage `json:",omitempty"` // without secrets; nil: it is too large
	Steps       []deployed
	Error       *Error
}

// deployed is one resource of a deployment.
type deployed struct {
	ID      string
	Kind    string
	Name    string
	Created bool
	At      time.Time
	Took    time.Duration
	Begun   bool
	Error   *Error
	Status  string // of the error
}

// answer is a deployment as Azure answers it.
func (d *deployment) answer() map[string]any {
	out := map[string]any{"id": d.ID, "name": d.Name, "type": deploymentType, "properties": d.properties()}
	if d.Tags != nil {
		out["tags"] = d.Tags
	}
	return out
}

func (d *deployment) properties() map[string]any {
	p := map[string]any{
		"mode":              d.Mode,
		"provisioningState": d.State,
		"timestamp":         d.At.Add(d.Took).UTC(),
		"duration":          isoDuration(d.Took),
		"correlationId":     d.Correlation,
		"parameters":        d.Parameters,
		"providers":         d.providers(),
		"dependencies":      []any{},
	}
	if d.Outputs != nil {
		p["outputs"] = d.Outputs
	}
	if d.State == stateSucceeded {
		p["outputResources"] = d.ids()
	}
	if d.Error != nil {
		p["error"] = d.Error
	}
	return p
}

// ids are the resources of a deployment.
func (d *deployment) ids() []any {
	out := []any{}
	for _, s := range d.Steps {
		out = append(out, map[string]any{"id": s.ID})
	}
	return out
}

// providers are the types of the resources, each once.
func (d *deployment) providers() []any {
	out, seen := []any{}, map[string]bool{}
	types := map[string][]any{} // by namespace
	for _, s := range d.Steps {
		namespace, name, _ := strings.Cut(s.Kind, "/")
		if !seen[s.Kind] {
			seen[s.Kind] = true
			types[namespace] = append(types[namespace], map[string]any{"resourceType": name, "locations": []string{d.Location}})
		}
	}
	for _, namespace := range slices.Sorted(maps.Keys(types)) {
		out = append(out, map[string]any{"namespace": namespace, "resourceTypes": types[namespace]})
	}
	return out
}

// isoDuration writes a duration as Azure does: PT1.25S.
func isoDuration(d time.Duration) string {
	return "PT" + strconv.FormatFloat(d.Round(time.Millisecond).Seconds(), 'f', -1, 64) + "S"
}

// interrupted says of a deployment that no node works on any more that it failed.
func (d *deployment) interrupted(now time.Time) {
	if d.State == stateRunning && now.Sub(d.At) > operationTime {
		d.State = stateFailed
		d.Error = refuse(0, "DeploymentInterrupted", "the node that deployed the template ended before it was done; deploy it again")
	}
}

// deploymentRecord is where the deployment of a path is kept.
func (q *request) deploymentRecord() store.Item {
	return store.Item{Kind: deploymentItems, Name: itemName(q.vars["subscription"], q.vars["group"], q.vars["deployment"])}
}

// deployment is the one that the path names.
func (q *request) deployment() (*deployment, error) {
	at := q.deploymentRecord()
	r, err := q.server.items.Item(q.Context(), at.Kind, at.Name)
	if errors.Is(err, store.ErrNoItem) {
		return nil, refuse(http.StatusNotFound, "DeploymentNotFound", "Deployment '%s' could not be found.", q.vars["deployment"])
	}
	if err != nil {
		return nil, err
	}
	d := &deployment{item: r}
	if err := json.Unmarshal(r.Value, d); err != nil {
		return nil, fmt.Errorf("read the deployment %s: %w", q.vars["deployment"], err)
	}
	d.interrupted(q.server.now())
	return d, nil
}

// keepDeployment writes an item in place of what was there when the deployment began.
func (q *request) keepDeployment(ctx context.Context, d *deployment) error {
	r := q.deploymentRecord()
	var err error
	if r.Value, err = d.value(); err != nil {
		return fmt.Errorf("keep the deployment %s: %w", d.Name, err)
	}
	r.Revision = d.item.Revision
	if r.Revision, err = q.server.items.PutItem(ctx, r); err == nil {
		d.item = r
	}
	return err
}

// value is a deployment as it is kept: without what makes it too large.
func (d *deployment) value() ([]byte, error) {
	small := *d
	for _, part := range []*json.RawMessage{&small.Template, &small.Parameters, &small.Outputs} {
		text, err := json.Marshal(small)
		if err != nil || len(text) <= deploymentBytesMax {
			return text, err
		}
		*part = nil
	}
	text, err := json.Marshal(small)
	if err == nil && len(text) > deploymentBytesMax {
		err = refuse(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge",
			"the list of resources has %d bytes, and this API keeps at most %d: deploy them with several templates", len(text), deploymentBytesMax)
	}
	return text, err
}

// deployments are those whose items have names that begin with prefix, the last one first.
func (q *request) deployments(ctx context.Context, prefix string) ([]*deployment, error) {
	items, err := q.server.items.Items(ctx, deploymentItems)
	if err != nil {
		return nil, err
	}
	out := []*deployment{}
	for _, r := range items {
		d := &deployment{item: r}
		if strings.HasPrefix(r.Name, prefix) && json.Unmarshal(r.Value, d) == nil {
			d.interrupted(q.server.now())
			out = append(out, d)
		}
	}
	slices.SortFunc(out, func(a, b *deployment) int { return b.At.Compare(a.At) })
	return out, nil
}

// deploymentsOfGroup is how the names of the items of the group in a path begin.
func (q *request) deploymentsOfGroup() string {
	return itemName(q.vars["subscription"], q.vars["group"], "")
}

// forgetDeployments deletes the items of the oldest deployments, of the group and of all groups.
func (q *request) forgetDeployments(ctx context.Context) error {
	return errors.Join(
		q.forgetDeploymentsBeyond(ctx, deploymentsMax, q.deploymentsOfGroup()),
		q.forgetDeploymentsBeyond(ctx, deploymentsMaxAll, ""),
	)
}

func (q *request) forgetDeploymentsBeyond(ctx context.Context, limit int, prefix string) error {
	all, err := q.deployments(ctx, prefix)
	if err != nil {
		return err
	}
	for _, d := range all[min(limit, len(all)):] {
		if d.State == stateRunning {
			continue
		}
		if err := q.forget(ctx, d.item); err != nil {
			return err
		}
	}
	return nil
}

func listDeployments(q *request) (response, error) {
	if _, err := q.findGroup(); err != nil {
		return response{}, err
	}
	all, err := q.deployments(q.Context(), q.deploymentsOfGroup())
	if err != nil {
		return response{}, err
	}
	out := []any{}
	for _, d := range all {
		out = append(out, d.answer())
	}
	return ok(list{out})
}

func readDeployment(q *request) (response, error) {
	d, err := q.deployment()
	if err != nil {
		return response{}, err
	}
	return ok(d.answer())
}

// deleteDeployment deletes the item, and nothing that the template made. One that runs stays, as on Azure.
func deleteDeployment(q *request) (response, error) {
	d, err := q.deployment()
	var unknown *Error
	switch {
	case errors.As(err, &unknown) && unknown.Status == http.StatusNotFound:
		return response{status: http.StatusNoContent}, nil
	case err != nil:
		return response{}, err
	case d.State == stateRunning:
		return response{}, d.active()
	}
	err = q.server.items.DeleteItem(q.Context(), d.item)
	switch {
	case errors.Is(err, store.ErrConflict): // it was deployed anew meanwhile
		return response{}, d.active()
	case err != nil && !errors.Is(err, store.ErrNoItem):
		return response{}, err
	}
	return response{status: http.StatusNoContent}, nil
}

// listDeploymentOperations lists what a deployment did with each resource.
func listDeploymentOperations(q *request) (response, error) {
	d, err := q.deployment()
	if err != nil {
		return response{}, err
	}
	out := []any{}
	for i := range d.Steps {
		out = append(out, d.operation(i))
	}
	return ok(list{out})
}

func readDeploymentOperation(q *request) (response, error) {
	d, err := q.deployment()
	if err != nil {
		return response{}, err
	}
	for i := range d.Steps {
		if strings.EqualFold(d.operationID(i), q.vars["operation"]) {
			return ok(d.operation(i))
		}
	}
	return response{}, refuse(http.StatusNotFound, "DeploymentOperationNotFound",
		"the deployment %s has no operation %s", d.Name, q.vars["operation"])
}

// operationID is the same whenever it is asked for.
func (d *deployment) operationID(i int) string {
	name := strings.ToLower(d.Steps[i].ID) + " of " + d.Correlation
	return strings.ToUpper(strings.ReplaceAll(uuid.NewSHA1(uuid.NameSpaceURL, []byte(name)).String(), "-", ""))[:16]
}

// operation is what was done with one resource, as Azure answers it.
func (d *deployment) operation(i int) map[string]any {
	s := d.Steps[i]
	state, code := stateSucceeded, "OK"
	switch {
	case s.Error != nil:
		state, code = stateFailed, s.Status
	case !s.Begun:
		state, code, s.At = "NotStarted", "", d.At
	case s.Created:
		code = "Created"
	}
	properties := map[string]any{
		"provisioningOperation": "Create",
		"provisioningState":     state,
		"timestamp":             s.At.Add(s.Took).UTC(),
		"duration":              isoDuration(s.Took),
		"statusCode":            code,
		"targetResource":        map[string]any{"id": s.ID, "resourceType": s.Kind, "resourceName": s.Name},
	}
	if s.Error != nil {
		properties["statusMessage"] = map[string]any{"error": s.Error}
	}
	id := d.operationID(i)
	return map[string]any{"id": d.ID + "/operations/" + id, "operationId": id, "properties": properties}
}

var wellFormedDeployment = regexp.MustCompile(`^[-\w._()]{1,64}$`)

// deploymentID is the id of the deployment that a path names, in a group.
func (q *request) deploymentID(g group) string {
	return g.id(q.vars["subscription"]) + "/providers/" + deploymentType + "/" + q.vars["deployment"]
}
