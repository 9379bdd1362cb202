/** The threads on which Node makes calls that block, if nobody says otherwise (libuv: `UV_THREADPOOL_SIZE`). */
export const POOL_THREADS = 4;
