/** A port whose n-th call fails; which method it is does not matter. */
export interface FailingPort<Port extends object> {
  readonly port: Port;
  /** Counts from one again, and lets the n-th call from now on fail. */
  arm(call: number, failure: Error): void;
  /** Lets every call pass, and forgets what was counted. */
  disarm(): void;
  /** The method whose call failed since `arm`, or `undefined` where none did. */
  readonly failed: string | undefined;
}

type Method = (...args: unknown[]) => unknown;

export function failing<Port extends object>(inner: Port): FailingPort<Port> {
  let armed: { readonly call: number; readonly failure: Error } | undefined;
  let calls = 0;
  let failed: string | undefined;

  const isDue = (): boolean => {
    calls += 1;
    return calls === armed?.call;
  };
  const port = new Proxy(inner, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => {
        if (!isDue()) return (member as Method).apply(target, args);
        failed = String(name);
        // What is no promise fails at once, as a broken subscription would.
        if (failed === 'watch') throw armed!.failure;
        return Promise.reject(armed!.failure);
      };
    },
  });
  return {
    port,
    arm: (call, failure) => {
      armed = { call, failure };
      calls = 0;
      failed = undefined;
    },
    disarm: () => {
      armed = undefined;
    },
    get failed() {
      return failed;
    },
  };
}
