// A Dapr sidecar for the tests: Dapr's own runtime with one component in it, lock.redis.
//
// Dapr's command cannot be built as a dependency: its go.mod has replace directives, and its
// package of commands needs every component. This starts the runtime the way that command does.
package main

import (
	"context"
	"os"

	"github.com/dapr/components-contrib/lock/redis"
	"github.com/dapr/dapr/cmd/daprd/options"
	locks "github.com/dapr/dapr/pkg/components/lock"
	"github.com/dapr/dapr/pkg/healthz"
	"github.com/dapr/dapr/pkg/metrics"
	"github.com/dapr/dapr/pkg/modes"
	"github.com/dapr/dapr/pkg/runtime"
	"github.com/dapr/dapr/pkg/runtime/registry"
	"github.com/dapr/dapr/pkg/security"
	"github.com/dapr/kit/concurrency"
	"github.com/dapr/kit/logger"
	"github.com/dapr/kit/signals"
)

var log = logger.NewLogger("dapr.runtime")

func main() {
	if err := run(os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

func run(args []string) error {
	flags, err := options.New(args)
	if err != nil {
		return err
	}
	flags.Logger.SetAppID(flags.AppID)
	if err := logger.ApplyOptionsToLoggers(&flags.Logger); err != nil {
		return err
	}
	health := healthz.New()
	ctx := signals.Context()
	provider, err := security.New(ctx, security.Options{
		Mode:                    modes.DaprMode(flags.Mode),
		AppID:                   flags.AppID,
		ControlPlaneTrustDomain: flags.ControlPlaneTrustDomain,
		ControlPlaneNamespace:   flags.ControlPlaneNamespace,
		Healthz:                 health,
	})
	if err != nil {
		return err
	}
	sidecar := func(ctx context.Context) error {
		handler, err := provider.Handler(ctx)
		if err != nil {
			return err
		}
		rt, err := runtime.FromConfig(ctx, configuration(flags, handler, health))
		if err != nil {
			return err
		}
		return rt.Run(ctx)
	}
	return concurrency.NewRunnerManager(provider.Run, sidecar).Run(ctx)
}

func onlyRedisLocks() *locks.Registry {
	registry := locks.NewRegistry()
	registry.Logger = logger.NewLogger("dapr.contrib")
	registry.RegisterComponent(redis.NewStandaloneRedisLock, "redis")
	return registry
}

func configuration(flags *options.Options, handler security.Handler, health healthz.Healthz) *runtime.Config {
	return &runtime.Config{
		AppID:                         flags.AppID,
		Mode:                          flags.Mode,
		Config:                        flags.Config,
		ResourcesPath:                 flags.ResourcesPath,
		AllowedOrigins:                flags.AllowedOrigins,
		ApplicationPort:               flags.AppPort,
		AppProtocol:                   flags.AppProtocol,
		AppChannelAddress:             flags.AppChannelAddress,
		AppMaxConcurrency:             flags.AppMaxConcurrency,
		DaprHTTPPort:                  flags.DaprHTTPPort,
		DaprAPIGRPCPort:               flags.DaprAPIGRPCPort,
		DaprAPIListenAddresses:        flags.DaprAPIListenAddresses,
		DaprInternalGRPCPort:          flags.DaprInternalGRPCPort,
		DaprInternalGRPCListenAddress: flags.DaprInternalGRPCListenAddress,
		DaprGracefulShutdownSeconds:   flags.DaprGracefulShutdownSeconds,
		UnixDomainSocket:              flags.UnixDomainSocket,
		ProfilePort:                   flags.ProfilePort,
		MaxRequestSize:                flags.MaxRequestSize,
		ReadBufferSize:                flags.ReadBufferSize,
		EnableAPILogging:              flags.EnableAPILogging,
		SchedulerStreams:              flags.SchedulerJobStreams,
		Registry:                      registry.NewOptions().WithLocks(onlyRedisLocks()),
		Security:                      handler,
		Healthz:                       health,
		Metrics: metrics.Options{
			Enabled:       flags.Metrics.Enabled(),
			Log:           log,
			Port:          flags.Metrics.Port(),
			ListenAddress: flags.Metrics.ListenAddress(),
			Namespace:     metrics.DefaultMetricNamespace,
			Healthz:       health,
		},
	}
}
