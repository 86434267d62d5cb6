//! Animated GIFs, copied frame by frame with their own palettes; comments and application data are dropped.

use gif::{ColorOutput, DecodeOptions, Encoder, MemoryLimit};

use super::{MAX_GIF_BYTES, MAX_GIF_FRAMES, MAX_GIF_PIXELS, MAX_IMAGE_PIXELS, POST_SIDE};

/// Re-encodes a GIF. None when it has one frame, is damaged, or exceeds the limits: the caller then uses a still image.
pub(super) fn copy_frames(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    options.set_memory_limit(MemoryLimit::Bytes(MAX_IMAGE_PIXELS.try_into().ok()?));
    let mut decoder = options.read_info(bytes).ok()?;
    let (width, height) = (decoder.width(), decoder.height());
    if u32::from(width.max(height)) > POST_SIDE {
        return None;
    }
    let palette = decoder.global_palette().unwrap_or_default().to_vec();
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, width, height, &palette).ok()?;
    let (mut frames, mut pixels) = (0, 0);
    while let Some(frame) = decoder.next_frame_info().ok()? {
        // Checked before the frame is decoded: a few bytes can claim any size.
        frames += 1;
        pixels += u64::from(frame.width) * u64::from(frame.height);
        let inside = u32::from(frame.left) + u32::from(frame.width) <= u32::from(width)
            && u32::from(frame.top) + u32::from(frame.height) <= u32::from(height);
        let colourless = frame.palette.is_none() && palette.is_empty();
        if frames > MAX_GIF_FRAMES || pixels > MAX_GIF_PIXELS || !inside || colourless {
            return None;
        }
        let mut frame = frame.clone();
        let mut buffer = vec![0; decoder.buffer_size()];
        decoder.read_into_buffer(&mut buffer).ok()?;
        frame.buffer = buffer.into();
        frame.interlaced = false;
        if frames == 1 {
            encoder.set_repeat(decoder.repeat()).ok()?;
        }
        encoder.write_frame(&frame).ok()?;
        if encoder.get_ref().len() > MAX_GIF_BYTES {
            return None;
        }
    }
    drop(encoder);
    (frames > 1).then_some(out)
}
