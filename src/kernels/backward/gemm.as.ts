// Products of f32 matrices that lie by rows or by columns: what training multiplies with.
//
// A block of b becomes a panel of 8 rows, a block of a tiles of 3, and `tile2x3` of the products with packed weights does
// the work. An element is the sum over blocks of DEPTH columns, in order; of a block, as in matmul_f32.
import { packSide, tile2x3 } from "../products/matmul-float.as";
import { TILE } from "../products/quantize-activations.as";

/** Columns that are summed at a time: a panel of them and a tile stay in the first-level cache. */
const DEPTH: i32 = 512;
/** Bytes of tiles that stay in the second-level cache while every panel passes over them. */
const CHUNK_BYTES: usize = 384 << 10;

/**
 * y[i, j] = sum over l of a[i, l] b[j, l], or y += it where `add` is 1.
 *
 * a [m, k]; aColumns 1: element (i, l) lies at a[l * aStride + i], else at a[i * aStride + l]; b [n, k] likewise
 * y [m, n]; strides in floats
 * scratch: 16 KiB of a panel, 128 bytes of a result, 384 KiB and a tile of tiles
 */
export function gemm(
  a: usize, aStride: i32, aColumns: i32, b: usize, bStride: i32, bColumns: i32, m: i32, n: i32, k: i32,
  y: usize, yStride: i32, add: i32, scratch: usize,
): void {
  const aStep = <usize>aStride << 2, bStep = <usize>bStride << 2, yStep = <usize>yStride << 2;
  if (k == 0 && add == 0) for (let i = 0; i < m; i++) memory.fill(y + <usize>i * yStep, 0, <usize>n << 2);
  for (let l = 0; l < k; l += DEPTH) {
    const depth = min(DEPTH, k - l);
    const fromA = a + (aColumns != 0 ? <usize>l * aStep : <usize>l << 2);
    const fromB = b + (bColumns != 0 ? <usize>l * bStep : <usize>l << 2);
    block(fromA, aStep, aColumns, fromB, bStep, bColumns, m, n, depth, y, yStep, add | i32(l > 0), scratch);
  }
}

function block(
  a: usize, aStep: usize, aColumns: i32, b: usize, bStep: usize, bColumns: i32, m: i32, n: i32, depth: i32,
  y: usize, yStep: usize, add: i32, scratch: usize,
): void {
  const panel = scratch, result = panel + <usize>(DEPTH << 5), tiles = result + 128;
  // An odd number of cache lines, so that tiles side by side do not share the cache's sets.
  const tileBytes = (((<usize>depth * 12 + 4 + 63) >> 6) | 1) << 6;
  const chunk = max<i32>(1, <i32>(CHUNK_BYTES / tileBytes)) * TILE;
  for (let i0 = 0; i0 < m; i0 += chunk) {
    const end = min(m, i0 + chunk);
    if (aColumns != 0) tilesOfColumns(a + (<usize>i0 << 2), aStep, end - i0, depth, tiles, tileBytes);
    else {
      for (let i = i0, o = tiles; i < end; i += TILE, o += tileBytes) {
        tileOfRows(a + <usize>i * aStep, aStep, min(TILE, end - i), depth, o);
      }
    }
    for (let j = 0; j < n; j += 8) {
      const width = min(8, n - j);
      if (bColumns != 0) panelOfColumns(b + (<usize>j << 2), bStep, width, depth, panel);
      else panelOfRows(b + <usize>j * bStep, bStep, width, depth, panel);
      for (let i = i0, o = tiles; i < end; i += TILE, o += tileBytes) {
        const to = y + <usize>i * yStep + (<usize>j << 2);
        if (add == 0 && width == 8 && end - i >= TILE) tile2x3(panel, depth, o, to, yStep, 1);
        else {
          tile2x3(panel, depth, o, result, 32, 1);
          put(result, min(TILE, end - i), width, to, yStep, add);
        }
      }
    }
  }
}

/** A result of 3 x 8 into its place. */
function put(result: usize, rows: i32, width: i32, y: usize, yStep: usize, add: i32): void {
  for (let r = 0; r < rows; r++, result += 32, y += yStep) {
    if (width == 8) {
      if (add != 0) {
        v128.store(y, f32x4.add(v128.load(y, 0), v128.load(result, 0)), 0);
        v128.store(y, f32x4.add(v128.load(y, 16), v128.load(result, 16)), 16);
      } else {
        v128.store(y, v128.load(result, 0), 0);
        v128.store(y, v128.load(result, 16), 16);
      }
    } else {
      for (let j: usize = 0; j < <usize>width << 2; j += 4) {
        store<f32>(y + j, add != 0 ? load<f32>(y + j) + load<f32>(result + j) : load<f32>(result + j));
      }
    }
  }
}

/** 8 rows, column after column. */
function panelOfRows(b: usize, step: usize, width: i32, depth: i32, o: usize): void {
  if (width == 8) {
    packSide(b, step, depth, o);
    packSide(b + 4 * step, step, depth, o + 16);
    return;
  }
  for (let l = 0; l < depth; l++, b += 4, o += 32) {
    for (let j: usize = 0; j < 8; j++) store<f32>(o + 4 * j, j < <usize>width ? load<f32>(b + j * step) : 0);
  }
}

/** 8 neighbouring columns, of which each row is a column of the panel. */
function panelOfColumns(b: usize, step: usize, width: i32, depth: i32, o: usize): void {
  if (width == 8) {
    for (let l = 0; l < depth; l++, b += step, o += 32) {
      v128.store(o, v128.load(b, 0), 0);
      v128.store(o, v128.load(b, 16), 16);
    }
    return;
  }
  for (let l = 0; l < depth; l++, b += step, o += 32) {
    for (let j: usize = 0; j < 8; j++) store<f32>(o + 4 * j, j < <usize>width ? load<f32>(b + 4 * j) : 0);
  }
}

/** 3 rows, column after column. */
function tileOfRows(a: usize, step: usize, rows: i32, depth: i32, o: usize): void {
  const second = step, third = step + step;
  let l = 0;
  if (rows == TILE) {
    for (; l + 4 <= depth; l += 4, a += 16, o += 48) {
      const x = v128.load(a), y = v128.load(a + second), z = v128.load(a + third);
      interleave(x, y, z, o);
    }
  }
  for (; l < depth; l++, a += 4, o += 12) {
    for (let i: usize = 0; i < <usize>TILE; i++) store<f32>(o + 4 * i, i < <usize>rows ? load<f32>(a + i * step) : 0);
  }
}

/** x0 y0 z0 x1, y1 z1 x2 y2, z2 x3 y3 z3 */
@inline
function interleave(x: v128, y: v128, z: v128, o: usize): void {
  const xy = v128.shuffle<i32>(x, y, 0, 4, 1, 5), zx = v128.shuffle<i32>(z, x, 0, 5, 2, 7);
  const yz = v128.shuffle<i32>(y, z, 1, 5, 3, 7), xy2 = v128.shuffle<i32>(x, y, 2, 6, 3, 7);
  v128.store(o, v128.shuffle<i32>(xy, zx, 0, 1, 4, 5), 0);
  v128.store(o, v128.shuffle<i32>(yz, xy2, 0, 1, 4, 5), 16);
  v128.store(o, v128.shuffle<i32>(zx, yz, 2, 3, 6, 7), 32);
}

/** Neighbouring columns, of which each row is a column of their tiles: row after row, as they lie. */
function tilesOfColumns(a: usize, step: usize, columns: i32, depth: i32, o: usize, tileBytes: usize): void {
  const whole = columns / TILE, rest = <usize>(columns % TILE);
  for (let l = 0; l < depth; l++, a += step, o += 12) {
    let p = a, q = o;
    // the fourth lane is written over by the row that follows, or lies behind the tile
    for (let i = 0; i < whole; i++, p += 12, q += tileBytes) v128.store(q, v128.load(p));
    if (rest == 0) continue;
    for (let i: usize = 0; i < <usize>TILE; i++) store<f32>(q + 4 * i, i < rest ? load<f32>(p + 4 * i) : 0);
  }
}
