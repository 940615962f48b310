package arm

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"causeway/internal/access"
)

// locks keep a group or the gateway from being deleted, or from being changed at all:
// https://learn.microsoft.com/azure/azure-resource-manager/management/lock-resources. Owners alone make them.
var locks = extension{
	kind:       "Microsoft.Authorization/locks",
	collection: "locks",
	scopes:     []string{groupPath, gatewayPath},
	changes:    access.Owner,
	created:    http.StatusCreated,
	check:      checkLock,
}

// lockLevels are what locks forbid: to delete; to delete and to change.
const (
	noDelete = "CanNotDelete"
	noChange = "ReadOnly"
)

// lockTime is how long a change waits for the locks where no quorum answers. It could not be made then.
const lockTime = 5 * time.Second

func checkLock(properties map[string]any) error {
	level, _ := properties["level"].(string)
	for _, known := range []string{noDelete, noChange} {
		if strings.EqualFold(level, known) {
			properties["level"] = known
			return nil
		}
	}
	return refuse(http.StatusBadRequest, "InvalidLockLevel", "the level of a lock is %s or %s, not %q", noDelete, noChange, level)
}

// harmless are paths of operations that change nothing, although an operator's role is needed for them.
var harmless = []string{gatewayPath + "/getBackendHealthOnDemand", deploymentPath + "/validate", deploymentPath + "/whatIf"}

// unlocked refuses a request that a lock forbids. Locks themselves are never locked: an owner can always take one away.
func (q *request) unlocked(at *route) error {
	deletes := q.Method == http.MethodDelete
	switch {
	case at.needs == access.Reader, strings.Contains(at.path.String(), locks.kind):
		return nil
	case slices.Contains(harmless, at.path.String()):
		return nil
	}
	segments, _ := splitPath(q.URL.EscapedPath())
	return q.server.unlocked(q.Context(), "/"+strings.Join(segments, "/"), deletes)
}

// unlocked refuses to delete or to change a resource that is locked, or in a locked group; and to delete a group with a
// locked resource in it.
func (s *Server) unlocked(ctx context.Context, id string, deletes bool) error {
	all, err := s.locks(ctx)
	if err != nil {
		return err
	}
	return all.permit(id, deletes)
}

// lock forbids to delete a scope, and perhaps to change it.
type lock struct{ scope, level string }

// lockList are the locks of one moment.
type lockList []lock

func (s *Server) locks(ctx context.Context) (out lockList, err error) {
	ctx, cancel := context.WithTimeout(ctx, lockTime)
	defer cancel()
	items, err := s.items.Items(ctx, locks.collection)
	for _, r := range items {
		var o struct {
			ID         string
			Properties struct{ Level string }
		}
		if err := json.Unmarshal(r.Value, &o); err != nil {
			continue
		}
		scope, _, _ := strings.Cut(o.ID, "/providers/"+locks.kind)
		out = append(out, lock{scope, o.Properties.Level})
	}
	return out, err
}

// permit refuses to delete or to change a resource: see unlocked.
func (l lockList) permit(id string, deletes bool) error {
	for _, x := range l {
		applies := isWithin(id, x.scope) || deletes && isWithin(x.scope, id)
		if applies && (deletes || x.level == noChange) {
			return locked(id, x.scope, deletes)
		}
	}
	return nil
}

func locked(id, scope string, deletes bool) error {
	what := "write"
	if deletes {
		what = "delete"
	}
	return refuse(http.StatusConflict, "ScopeLocked",
		"The scope '%s' cannot perform %s operation because following scope(s) are locked: '%s'. Please remove the lock and try again.",
		id, what, scope)
}

// isWithin reports whether an id is that of a scope or of something inside it.
func isWithin(id, scope string) bool {
	id, scope = strings.ToLower(id)+"/", strings.ToLower(scope)+"/"
	return strings.HasPrefix(id, scope)
}
