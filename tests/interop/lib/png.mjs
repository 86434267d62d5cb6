// Pictures made on the spot, so that no binary file lies in the repository. Never reads a file.
import { crc32, deflateSync } from "node:zlib";

/** A PNG of `width` × `height`; `paint(x, y)` gives `[r, g, b]` for coordinates in 0…1. */
export function png(width, height, paint) {
  const rows = Buffer.alloc(height * (1 + width * 3));
  let at = 0;
  for (let y = 0; y < height; y++) {
    rows[at++] = 0;
    for (let x = 0; x < width; x++) {
      for (const channel of paint(x / width, y / height)) rows[at++] = Math.max(0, Math.min(255, Math.round(channel)));
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", header), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body) >>> 0, body.length + 4);
  return out;
}

/** A mountain under an evening sky: something a person can tell from a grey box. */
export function mountain(width = 1200, height = 600) {
  return png(width, height, (x, y) => {
    const rough = 0.012 * Math.sin(x * 61) + 0.007 * Math.sin(x * 147 + 2) + 0.004 * Math.sin(x * 331);
    const ridge = 0.66 - 0.42 * Math.exp(-((x - 0.4) ** 2) / 0.02) - 0.26 * Math.exp(-((x - 0.74) ** 2) / 0.012) + rough;
    const snow = ridge + Math.max(0, 0.56 - ridge) * (0.42 + 0.16 * Math.sin(x * 83) + 0.1 * Math.sin(x * 197));
    const near = 0.8 - 0.05 * Math.sin(x * 7 + 0.6) + rough;
    if (y > near + 0.1) return [24, 44, 40];
    if (y > near) return [38, 64, 62];
    if (y > ridge) return y < snow ? [238, 240, 246] : [82, 98, 126];
    return [250 - 90 * y, 196 - 50 * y, 158 + 60 * y];
  });
}

/** A face-like disc in the colours of `hue` (0…1), for avatars. */
export function avatar(hue = 0.6, size = 240) {
  const [r, g, b] = [0, 1 / 3, 2 / 3].map((shift) => 150 + 90 * Math.cos(2 * Math.PI * (hue + shift)));
  return png(size, size, (x, y) => {
    const inside = (x - 0.5) ** 2 + (y - 0.42) ** 2 < 0.05 || (x - 0.5) ** 2 * 0.8 + (y - 1.05) ** 2 < 0.16;
    return inside ? [r * 0.45, g * 0.45, b * 0.45] : [r, g, b];
  });
}
