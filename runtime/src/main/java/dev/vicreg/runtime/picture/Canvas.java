package dev.vicreg.runtime.picture;

import java.util.Arrays;

/**
 * What an animation's frames are drawn on. It is transparent, so white, where the first frame leaves it free.
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
        byte[] rgb = new byte[Math.multiplyExact(Math.multiplyExact(w, h), 3)];
        Arrays.fill(rgb, (byte) 255);
        int rowBytes = frame.width() * 3;
        for (int y = 0; y < frame.height(); y++) {
            System.arraycopy(frame.rgb(), y * rowBytes, rgb, ((top + y) * w + left) * 3, rowBytes);
        }
        return new Picture(w, h, rgb);
    }

    /** Pixels with a frame of this size on it. */
    long pixels(int frameWidth, int frameHeight) {
        return Math.max(width, (long) left + frameWidth) * Math.max(height, (long) top + frameHeight);
    }
}
