package test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"causeway/bench/silent"
)

// A crowd of clients that connect and say nothing, one each millisecond, does not keep others from being served: with the
// same 1,024 places as nginx, at least 0.95 of what nginx answers is answered.
func TestSilentCrowd(t *testing.T) {
	member, root := nginx(t)
	if err := os.WriteFile(filepath.Join(root, "1k"), make([]byte, 1<<10), 0o644); err != nil {
		t.Fatal(err)
	}
	front, beside := freePort(t), freePort(t)
	crowded(t, beside, member)
	serveWithin(t, 2*1024+256, plain(front, member).String(), "") // 256 are kept for other things, and a client may need two
	shares := map[int]float64{}
	var mu sync.Mutex
	var both sync.WaitGroup
	for _, port := range []int{front, beside} {
		both.Go(func() {
			asked, answered := silent.Play(fmt.Sprintf("127.0.0.1:%d", port), time.Millisecond, 20*time.Second, 2*time.Second)
			mu.Lock()
			shares[port] = float64(answered) / float64(asked)
			mu.Unlock()
		})
	}
	both.Wait()
	t.Logf("answered: Causeway %.2f, nginx %.2f", shares[front], shares[beside])
	if shares[beside] < 0.5 {
		t.Fatalf("nginx itself answered %.2f: this machine cannot tell", shares[beside])
	}
	if shares[front] < 0.95*shares[beside] {
		t.Errorf("Causeway answered %.2f, nginx %.2f", shares[front], shares[beside])
	}
}

// crowded starts nginx as a gateway with 1,024 places.
func crowded(t *testing.T, port, member int) {
	t.Helper()
	dir := t.TempDir()
	conf := filepath.Join(dir, "nginx.conf")
	(&gateway{t: t}).write(conf, fmt.Sprintf(`daemon off; master_process off; pid %[1]s/pid; error_log /dev/null;
events { worker_connections 1024; }
http { access_log off; client_body_temp_path %[1]s/t1; proxy_temp_path %[1]s/t2; fastcgi_temp_path %[1]s/t3; uwsgi_temp_path %[1]s/t4; scgi_temp_path %[1]s/t5;
 server { listen 127.0.0.1:%[2]d; location / { proxy_pass http://127.0.0.1:%[3]d; } } }`, dir, port, member))
	program(t, port, "nginx", "-c", conf, "-p", dir)
}

// What gives way at the limit is counted, and so is who was waited for.
func TestShortageIsCounted(t *testing.T) {
	member, _ := nginx(t)
	front, admin := freePort(t), freePort(t)
	serveWithin(t, 2*64+256, plain(front, member).String(), "", "--admin", fmt.Sprint("127.0.0.1:", admin)) // 64 places, 48 for one address
	for range 60 {
		c, err := net.Dial("tcp", fmt.Sprint("127.0.0.1:", front))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	eventually(t, "the silent ones that gave way are counted", func() bool {
		return strings.Contains(curl(t, fmt.Sprintf("http://127.0.0.1:%d/metrics", admin)), `causeway_client_connections_evicted_total{instance_id="appgw_0"} 12`)
	})
}
