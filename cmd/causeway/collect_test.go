package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"causeway/internal/collect"
)

// What to do when an API gave nothing depends on what was wrong.
func TestHintsOfCollectOver(t *testing.T) {
	t.Parallel()
	socket, address := collect.Options{API: "unix:/run/x.sock"}, collect.Options{API: "https://gw:8443"}
	for _, x := range []struct {
		o    collect.Options
		err  error
		want string
	}{
		{address, fmt.Errorf("read: %w", &collect.AbsentError{Others: []string{"-g rg -n gw7", "-g rg -n gw8"}}), "the API has: -g rg -n gw7; -g rg -n gw8"},
		{socket, &collect.AbsentError{}, "no gateway in this subscription"},
		{socket, fmt.Errorf("dial: %w", syscall.ENOENT), "there is no socket at this path"},
		{socket, fmt.Errorf("dial: %w", syscall.ECONNREFUSED), "start it with causeway serve --api unix:/run/x.sock"},
		{socket, fmt.Errorf("dial: %w", syscall.EACCES), "root and the user that runs Causeway"},
		{address, errors.New("wrong secret"), "prints the address and the certificate"},
	} {
		if got := overHint(x.o, x.err); !strings.Contains(got, x.want) {
			t.Errorf("%v: %q, want %q", x.err, got, x.want)
		}
	}
}

// az gets no access log of a Causeway: the script says what does. In a cloud of Azure's it says how to have the log.
func TestTheScriptKnowsWhatAzCannotGet(t *testing.T) {
	dir := t.TempDir()
	az := `#!/bin/sh
case "$*" in
*endpoints.resourceManager*) echo https://192.0.2.10:8443 ;;
"cloud show"*) echo "$CLOUD" ;;
*diagnostic-settings*tsv) ;;
*) echo '{}' ;;
esac
`
	if err := os.WriteFile(filepath.Join(dir, "az"), []byte(az), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	for cloud, want := range map[string]string{
		"causeway": "causeway collect --api https://192.0.2.10:8443 --client-id ID -g web -n gw1",
		"public":   "no diagnostic setting sends it anywhere",
	} {
		c := collection{Group: "web", Gateway: "gw1", Bundle: filepath.Join(dir, cloud+".tar.gz")}
		if err := c.complete(cloud, "1h", "", nil); err != nil {
			t.Fatal(err)
		}
		text, err := c.script()
		if err != nil {
			t.Fatal(err)
		}
		run := exec.CommandContext(t.Context(), "bash", "-c", text)
		run.Env = append(os.Environ(), "CLOUD="+c.Cloud)
		out, err := run.CombinedOutput()
		if err != nil || strings.Count(string(out), "access log: ") != 1 || !strings.Contains(string(out), want) {
			t.Errorf("%s: %v\n%s", cloud, err, out)
		}
	}
}
