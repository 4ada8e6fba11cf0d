package bench_test

import (
	"os"
	"testing"

	"beian/internal/testenv"
)

func TestMain(m *testing.M) { os.Exit(testenv.Main(m)) }
