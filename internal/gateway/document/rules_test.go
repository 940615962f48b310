package document

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"causeway/internal/gateway"
)

// first is the first child of a collection.
func first(doc map[string]any, collection string) map[string]any {
	return doc[collection].([]any)[0].(map[string]any)
}

// rules are documents that break one rule each: the sound document with one change. The golden files and the stories of single
// parts break the others.
var rules = []struct {
	code, path string
	severity   gateway.Severity
	change     func(doc map[string]any)
}{
	{"ApplicationGatewayAutoscaleMaxCapacityOutOfRange", "autoscaleConfiguration.maxCapacity", gateway.Error, func(doc map[string]any) {
		doc["sku"] = map[string]any{"name": "Standard_v2", "tier": "Standard_v2"}
		doc["autoscaleConfiguration"] = map[string]any{"minCapacity": 5, "maxCapacity": 3}
	}},
	{"ApplicationGatewaySkuCapacityConflictsWithAutoscale", "sku.capacity", gateway.Error, func(doc map[string]any) {
		doc["autoscaleConfiguration"] = map[string]any{"minCapacity": 1, "maxCapacity": 3}
	}},
	{"ApplicationGatewaySkuNameTierMismatch", "sku.name", gateway.Error, func(doc map[string]any) {
		doc["sku"] = map[string]any{"name": "WAF_v2", "tier": "Standard_v2", "capacity": 1}
	}},
	{"ApplicationGatewayFirewallNotConfigured", "firewallPolicy", gateway.Warning, func(doc map[string]any) {
		doc["sku"] = map[string]any{"name": "WAF_v2", "tier": "WAF_v2", "capacity": 1}
	}},
	{"ApplicationGatewayHttpListenerCannotReferenceSslProfile", "httpListeners[0].sslProfile", gateway.Error, func(doc map[string]any) {
		doc["sslProfiles"] = []any{map[string]any{"name": "modern"}}
		first(doc, "httpListeners")["sslProfile"] = map[string]any{"id": "x/sslProfiles/modern"}
	}},
	{"ApplicationGatewayListenerCannotReferenceSslCertificate", "listeners[0].sslCertificate", gateway.Error, func(doc map[string]any) {
		doc["sslCertificates"] = []any{map[string]any{"name": "c", "keyVaultSecretId": "https://v.vault.azure.net/secrets/c"}}
		doc["listeners"] = []any{map[string]any{
			"name": "tcp", "protocol": "Tcp",
			"sslCertificate": map[string]any{"id": "x/sslCertificates/c"},
		}}
	}},
	{"InvalidResourceName", "backendAddressPools[0].name", gateway.Error, func(doc map[string]any) {
		first(doc, "backendAddressPools")["name"] = "a/b"
	}},
	{"LinkedInvalidPropertyId", "requestRoutingRules[0].backendAddressPool.id", gateway.Error, func(doc map[string]any) {
		first(doc, "requestRoutingRules")["backendAddressPool"] = map[string]any{"id": "pool0"}
	}},
	{"DuplicateProperty", "name", gateway.Error, func(doc map[string]any) { doc["NAME"] = "other" }},
	{"InvalidRequestFormat", "backendAddressPools", gateway.Error, func(doc map[string]any) { doc["backendAddressPools"] = "pool0" }},
}

func TestEachRule(t *testing.T) {
	found := func(t *testing.T, doc map[string]any, code, path string) *gateway.Problem {
		t.Helper()
		for _, p := range parseMap(t, doc).Problems() {
			if p.Code == code && p.Path == path {
				return &p
			}
		}
		return nil
	}
	for _, x := range rules {
		t.Run(x.code, func(t *testing.T) {
			doc := soundDocument()
			if p := found(t, doc, x.code, x.path); p != nil {
				t.Fatalf("the sound document breaks it: %v", p)
			}
			x.change(doc)
			p := found(t, doc, x.code, x.path)
			if p == nil {
				t.Fatalf("not found at %s among:\n%s", x.path, problemText(parseMap(t, doc).Problems()))
			}
			if p.Severity != x.severity || p.Hint == "" || p.Message == "" {
				t.Errorf("%+v, want %s with a message and a hint", p, x.severity)
			}
		})
	}
}

// Every code that the checks write out has a document that earns it, so that no rule is without a story.
func TestEveryRuleHasAStory(t *testing.T) {
	var stories strings.Builder
	for _, pattern := range []string{"testdata/*.txt", "*_test.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			stories.Write(text)
		}
	}
	codes := map[string]bool{}
	for _, dir := range []string{".", "../validate"} {
		for code := range codesIn(t, dir) {
			codes[code] = true
		}
	}
	if len(codes) < 100 {
		t.Fatalf("only %d codes were found; do checks report by other names?", len(codes))
	}
	for code := range codes {
		if !strings.Contains(stories.String(), code) {
			t.Errorf("no document of a test earns %s", code)
		}
	}
}

// codesIn are the literals that stand in the place of a code in calls of Error and Warn.
func codesIn(t *testing.T, dir string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) < 4 {
				return true
			}
			method, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || method.Sel.Name != "Error" && method.Sel.Name != "Warn" {
				return true
			}
			if literal, ok := call.Args[1].(*ast.BasicLit); ok {
				code, err := strconv.Unquote(literal.Value)
				if err != nil {
					t.Fatal(err)
				}
				codes[code] = true
			}
			return true
		})
	}
	return codes
}

// A Source is read as a whole: each part with its own problems, and what does not fit between them.
func TestSource(t *testing.T) {
	document := []byte(`{"name":"gw","sku":{"name":"Standard_v2","tier":"Standard_v2","capacity":1},"httpListeners":[]}`)
	t.Run("a part that cannot be read is named", func(t *testing.T) {
		for want, s := range map[string]Source{
			"read the gateway document: line 1, column 2": {Document: []byte("{"), Local: []byte("connectTimeout: 5s")},
			"read causeway.yaml: ":                        {Document: document, Local: []byte("- a")},
			"the parameters cannot be read":               {Document: []byte(`{"$schema":"https://x/deploymentTemplate.json#","resources":[]}`), Parameters: []byte("[1")},
		} {
			if _, _, _, err := s.Parse(); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want %s", err, want)
			}
		}
	})
	t.Run("problems of each part and of both", func(t *testing.T) {
		s := Source{
			Document:   document,
			Local:      []byte("connectTimeout: soon\nmembers: {10.0.0.4: 127.0.0.1:80}"),
			Parameters: []byte(`{"a":1}`),
		}
		d, local, problems, err := s.Parse()
		if err != nil || d.Config.Name != "gw" || local.Members["10.0.0.4"] != "127.0.0.1:80" {
			t.Fatalf("%v, %+v, %+v", err, d, local)
		}
		for code, path := range map[string]string{
			"InvalidSetting": "connectTimeout", "ParametersIgnored": "document",
			"UnknownMember": `members["10.0.0.4"]`,
		} {
			if !hasProblem(problems, code, path) {
				t.Errorf("no %s at %s among:\n%s", code, path, problemText(problems))
			}
		}
	})
	t.Run("paths of other packages get the form of the document", func(t *testing.T) {
		flat := parseMap(t, soundDocument())
		got := flat.InPlace([]gateway.Problem{{Path: "properties.sslPolicy.minProtocolVersion", Code: "X"}})
		if got[0].Path != "sslPolicy.minProtocolVersion" {
			t.Errorf("%s", got[0].Path)
		}
	})
}
