package dev.vicreg.runtime.picture;

import java.util.Arrays;

/**
 * What an animation's frames are drawn on. It is transparent where the first frame leaves it free, and white
 * where there is no alpha.
 *
 * @param width,height in pixels; a frame that reaches beyond makes it larger
 * @param left,top of the first frame
 */
record Canvas(int width, int height, int left, int top) {
    /** With this frame on it. */
    Picture with(Picture frame) {
        int w = Math.max(width, Math.addExact(left, frame.width()));
        int h = Math.max(height, Math.addExact(top, frame.height()));
        if (w == frame.width() && h == frame.height()) {
            return frame;
        }
        int channels = frame.channels();
        byte[] samples = new byte[Math.multiplyExact(Math.multiplyExact(w, h), channels)];
        Arrays.fill(samples, (byte) (frame.hasAlpha() ? 0 : 255));
        int rowBytes = frame.width() * channels;
        for (int y = 0; y < frame.height(); y++) {
            System.arraycopy(frame.samples(), y * rowBytes, samples, ((top + y) * w + left) * channels, rowBytes);
        }
        return new Picture(w, h, channels, samples);
    }

    /** Pixels with a frame of this size on it. */
    long pixels(int frameWidth, int frameHeight) {
        return Math.max(width, (long) left + frameWidth) * Math.max(height, (long) top + frameHeight);
    }
}
