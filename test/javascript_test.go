package test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// Azure's SDK for JavaScript does the same as that for Go. npm installs it, at the versions of its lock file.
func TestTheSDKForJavaScriptManagesAGateway(t *testing.T) {
	if testing.Short() {
		t.Skip("npm installs the SDK")
	}
	member, _ := node(t, echo)
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("javascript")); err != nil {
		t.Fatal(err)
	}
	npm(t, dir, "ci")
	a := serveAPI(t)
	cmd := exec.Command(modernNode(t, dir), "manage.mjs")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "BASE="+a.base, "CLIENT_ID="+a.id, "CLIENT_SECRET="+a.secret, fmt.Sprint("FRONT=", freePort(t)),
		fmt.Sprint("MEMBER=", member), "NODE_EXTRA_CA_CERTS="+filepath.Join(a.data, "api", "ca.pem"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func npm(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("npm", append(args, "--no-audit", "--no-fund", "--silent")...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("npm %v: %v\n%s", args, err, out)
	}
}

// modernNode is the program of a Node.js that the SDK supports: that of the system, if it is new enough, else one from npm.
func modernNode(t *testing.T, dir string) string {
	t.Helper()
	out, err := exec.Command("node", "--version").Output()
	if err == nil {
		major, _, _ := strings.Cut(strings.TrimPrefix(string(out), "v"), ".")
		if n, err := strconv.Atoi(major); err == nil && n >= 20 {
			return "node"
		}
	}
	arch := map[string]string{"amd64": "x64", "arm64": "arm64"}[runtime.GOARCH]
	name := "node-" + runtime.GOOS + "-" + arch
	npm(t, dir, "install", "--no-save", name+"@22.23.3")
	return filepath.Join(dir, "node_modules", name, "bin", "node")
}
