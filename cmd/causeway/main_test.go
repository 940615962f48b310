package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"causeway/internal/certs/certstest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"causeway": main})
}

// TestScripts runs the stories of testdata, each an interactive session with its expected output and exit codes.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Condition: func(cond string) (bool, error) { // root reads what is closed to others
			if cond != "root" {
				return false, fmt.Errorf("unknown condition %q", cond)
			}
			return os.Geteuid() == 0, nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits": exits,
			"certificate": func(ts *testscript.TestScript, neg bool, args []string) {
				makeCertificate(t, ts, neg, args)
			},
		},
	})
}

// exits runs causeway and holds its exit code: exits CODE ARG...
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: exits CODE ARG...")
	}
	want := args[0]
	err := ts.Exec("causeway", args[1:]...)
	if got := exitCode(err); got != want {
		ts.Fatalf("causeway %v: exit code %s, want %s (%v)", args[1:], got, want, err)
	}
}

// makeCertificate writes a key pair: certificate NAME VALIDITY makes NAME.pem and NAME.key, which end in VALIDITY from now.
func makeCertificate(t *testing.T, ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: certificate NAME VALIDITY")
	}
	validity, err := time.ParseDuration(args[1])
	ts.Check(err)
	cert, key := certstest.PEM(t, certstest.SelfSigned(t, args[0], func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = time.Now().Add(-100*time.Hour), time.Now().Add(validity)
	}))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".pem"), cert, 0o600))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".key"), key, 0o600))
}

func exitCode(err error) string {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return "0"
	case errors.As(err, &exit):
		return strconv.Itoa(exit.ExitCode())
	}
	return err.Error()
}
