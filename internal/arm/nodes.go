package arm

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"causeway/internal/store"
	"causeway/internal/store/cluster"
)

// Cluster is the nodes that share the configuration.
type Cluster interface {
	// Node is the name of this one; empty: there is no cluster.
	Node() string
	// Nodes are those that run, as a quorum last said. This one may be among them.
	Nodes() []store.Node
	// Admitted are the names of all, whether or not they run. An error says that no quorum answers.
	Admitted(ctx context.Context) ([]string, error)
}

// Bounds of a question to another node.
const (
	nodeTime      = 2 * time.Second // how much longer than this node another one may take, at least
	dialTime      = 5 * time.Second // for a connection and for its handshake, also when nobody waits for it any longer
	nodeIdleTime  = 30 * time.Second
	nodeQuestions = 8        // of other nodes that this one answers at a time; others wait
	nodeAnswerMax = 64 << 20 // bytes; a metric of a month takes some 2 MB for each combination of its dimensions
)

// Names under which an answer lists the nodes whose part it lacks.
const (
	missingHeader = "Causeway-Missing-Nodes"
	missingField  = "causewayMissingNodes"
)

// peerClient makes the client by which this node asks others. It reaches them as etcd does: through a proxy where one is set. Without
// HTTP/2, a question that nobody answers ends its connection, and the next one gets another. A connection in the making outlives its
// question, so it has bounds of its own.
func peerClient(authority *cluster.Authority) *http.Client {
	if authority == nil {
		return nil
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority.Cert())
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: dialTime}).DialContext,
			TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: roots},
			TLSHandshakeTimeout: dialTime,
			IdleConnTimeout:     nodeIdleTime,
		},
	}
}

// survey asks the other nodes for their part of one answer.
type survey struct {
	server  *Server
	ctx     context.Context
	asked   []store.Node // they have answered each question so far
	missing []string     // names of the nodes whose part the answer lacks, sorted: they do not run, have no API, or are silent
	silent  []string     // those that run, and do not answer
}

// survey finds the nodes to ask. A node alone asks nobody.
func (q *request) survey() *survey {
	s := &survey{server: q.server, ctx: q.Context()}
	g := q.server.gateway
	self := g.Node()
	if self == "" {
		return s
	}
	var names []string
	for _, n := range g.Nodes() {
		names = append(names, n.Name)
		switch {
		case n.Name == self:
		case n.API == "":
			s.silent = append(s.silent, n.Name)
		default:
			s.asked = append(s.asked, n)
		}
	}
	slices.Sort(s.silent)
	names = append(names, q.server.admitted.of(q.Context(), g)...)
	slices.Sort(names)
	s.missing = slices.DeleteFunc(slices.Compact(names), func(name string) bool {
		return name == self || slices.ContainsFunc(s.asked, func(n store.Node) bool { return n.Name == name })
	})
	return s
}

// others are the names of all other nodes.
func (s *survey) others() []string {
	out := slices.Clone(s.missing)
	for _, n := range s.asked {
		out = append(out, n.Name)
	}
	slices.Sort(out)
	return out
}

// errLate is why a question ends.
var errLate = errors.New("it did not answer in time")

// ask asks all nodes at once for a part of the answer, and returns what they have, while this one finds its own. A node that does not
// answer is missing from then on.
func ask[T any](s *survey, part string, question any, own func()) (parts []T) {
	ctx, cancel := context.WithCancelCause(s.ctx)
	defer cancel(nil)
	begin := time.Now()
	answers, failures := make([]T, len(s.asked)), make([]error, len(s.asked))
	var all sync.WaitGroup
	for i, n := range s.asked {
		all.Go(func() { failures[i] = s.server.askNode(ctx, n, part, question, &answers[i]) })
	}
	own()
	more := max(nodeTime, time.Since(begin)) // a month of metrics takes every node longer
	late := time.AfterFunc(more, func() { cancel(errLate) })
	defer late.Stop()
	all.Wait()
	for i, n := range slices.Clone(s.asked) {
		if failures[i] != nil {
			s.lack(n.Name, failures[i])
			continue
		}
		parts = append(parts, answers[i])
	}
	return parts
}

// lack notes that the part of a node is missing.
func (s *survey) lack(node string, why error) {
	s.asked = slices.DeleteFunc(s.asked, func(n store.Node) bool { return n.Name == node })
	s.missing, s.silent = append(s.missing, node), append(s.silent, node)
	slices.Sort(s.missing)
	slices.Sort(s.silent)
	if s.ctx.Err() == nil { // else the client has left
		slog.Warn("an answer of the management API is without the part of a node", "node", node, "error", why)
	}
}

// ok is an answer over all nodes. It names those that it lacks.
func (s *survey) ok(body any) (response, error) { return lacking(s.missing, body), nil }

// lacking is an answer without the part of some nodes. It names them in its head, and in its body if that is a JSON object in the making:
// many clients show either one or the other.
func lacking(nodes []string, body any) response {
	out := response{status: http.StatusOK, body: body}
	if len(nodes) == 0 {
		return out
	}
	out.header = map[string]string{missingHeader: strings.Join(nodes, ", ")}
	if object, is := body.(map[string]any); is {
		object[missingField] = nodes
	}
	return out
}

// askNode asks another node for its part.
func (s *Server) askNode(ctx context.Context, n store.Node, part string, question, into any) error {
	if s.peers == nil {
		return errors.New("there is no authority to know it by")
	}
	token, err := s.control.IssueNode(ctx, s.gateway.Node(), n.Name)
	if err != nil {
		return err
	}
	text, err := json.Marshal(question)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+n.API+nodePath+part, bytes.NewReader(text))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := s.peers.Do(r)
	if err != nil {
		return because(ctx, err)
	}
	defer resp.Body.Close()
	body := http.MaxBytesReader(nil, resp.Body, nodeAnswerMax)
	if resp.StatusCode != http.StatusOK {
		return refusalOf(resp.Status, body)
	}
	if err := json.NewDecoder(body).Decode(into); err != nil {
		return fmt.Errorf("its answer cannot be read: %w", because(ctx, err))
	}
	return nil
}

// because prefers the reason why a question has ended.
func because(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// refusalOf is why a node refused to answer.
func refusalOf(status string, body io.Reader) error {
	var refused struct{ Error Error }
	if err := json.NewDecoder(body).Decode(&refused); err != nil || refused.Error.Code == "" {
		return fmt.Errorf("it answered %s", status)
	}
	return fmt.Errorf("it answered %s: %w", status, &refused.Error)
}

// nodePath begins the paths at which nodes ask each other. What is asked there is answered for one node alone, so that no question goes
// on to a third. They are no operations of the API: no token of a client opens them.
const nodePath = "/causeway/node/"

// nodeAnswer is who answers for a part; nil: there is no such part.
func nodeAnswer(part string) func(*request) (response, error) {
	switch part {
	case "health":
		return nodeHealth
	case "metric":
		return nodeMetric
	case "activity":
		return nodeActivity
	}
	return nil
}

// answerNode answers another node.
func (s *Server) answerNode(r *http.Request, part string) (response, error) {
	self, handle := s.gateway.Node(), nodeAnswer(part)
	if self == "" || handle == nil || r.Method != http.MethodPost {
		return response{}, refuse(http.StatusNotFound, "InvalidResourceType", "there is nothing at %s", r.URL.Path)
	}
	if _, err := s.control.CheckNode(r.Context(), bearer(r), self); err != nil {
		return response{}, err
	}
	q := &request{Request: r, server: s}
	return s.answering.holding(q, func() (response, error) { return handle(q) })
}

// badQuestion refuses a question that no node asks.
func badQuestion(err error) error {
	return refuse(http.StatusBadRequest, "InvalidRequestContent", "the body is no question of a node: %v", err)
}
