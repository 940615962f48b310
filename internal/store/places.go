package store

import (
	"fmt"
	"net/url"
	"strings"
)

// places are the keys of a store in etcd:
//
//	/causeway/schema                  the version of everything below
//	/causeway/v1/config/head          revision, who, when, note, state
//	/causeway/v1/config/…             the parts of the configuration: see package layout
//	/causeway/v1/history/REVISION     who changed what, and what it was before
//	/causeway/v1/keys/current         the data key that seals
//	/causeway/v1/keys/data/ID/NODE    a data key, wrapped for a node
//	/causeway/v1/keys/nodes/NODE      the public key of a node
//	/causeway/v1/keys/asking/NODE     the public key of a node that has no data key and asks for one
//	/causeway/v1/secrets/NAME         what the nodes share beside the configuration, sealed
//	/causeway/v1/items/KIND/NAME      likewise, plain
//	/causeway/v1/nodes/NODE           a node that runs, with a lease
//	/causeway/v1/leader/…             candidates of the election
//	/causeway/v1/scale                how many instances the leader wants of all nodes together
//	/causeway/v1/tokens/HASH          an invitation to join, with a lease
//	/causeway/v1/certs/NODE/SERIAL    a certificate that a node has
//	/causeway/v1/revoked/SERIAL       one of a node that is no longer part of the cluster
type places struct{ prefix string }

func (p places) schema() string { return p.prefix + "/schema" }

func (p places) all() string { return p.prefix + "/" }

func (p places) v1() string { return p.prefix + "/v1/" }

func (p places) config() string { return p.v1() + configPlace }

func (p places) head() string { return p.config() + headName }

func (p places) history() string { return p.v1() + historyPlace }

func (p places) revision(n int64) string { return fmt.Sprintf("%s%020d", p.history(), n) }

func (p places) currentKey() string { return p.v1() + "keys/current" }

func (p places) dataKeys() string { return p.v1() + "keys/data/" }

func (p places) dataKey(id, node string) string { return p.dataKeys() + id + "/" + node }

func (p places) nodeKeys() string { return p.v1() + "keys/nodes/" }

func (p places) asking(node string) string { return p.v1() + "keys/asking/" + node }

func (p places) secrets() string { return p.v1() + secretsPlace }

func (p places) secret(name string) string { return p.secrets() + url.PathEscape(name) }

func (p places) item(kind, name string) string {
	return p.v1() + "items/" + url.PathEscape(kind) + "/" + url.PathEscape(name)
}

func (p places) nodes() string { return p.v1() + "nodes/" }

func (p places) leader() string { return p.v1() + "leader" }

func (p places) scale() string { return p.v1() + "scale" }

func (p places) tokens() string { return p.v1() + "tokens/" }

func (p places) certs(node string) string { return p.v1() + "certs/" + node + "/" }

func (p places) revoked() string { return p.v1() + "revoked/" }

const (
	configPlace  = "config/"
	historyPlace = "history/"
	secretsPlace = "secrets/"
	headName     = "head"
)

// relative is a key without the prefix: the place for which a value is sealed, and the name of a key in a backup.
func (p places) relative(key string) string { return strings.TrimPrefix(key, p.v1()) }

// checkName refuses names of nodes that would not do as a part of a key.
func checkName(name string) error {
	if name == "" || len(name) > 63 || strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz0123456789-._") != "" {
		return fmt.Errorf("the name of a node has 1 to 63 letters, digits, dots, dashes or underscores, not %q", name)
	}
	return nil
}
